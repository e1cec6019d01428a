//! Which request comes next: the same twenty over and over, a tenth of which move money.

/// A kind of request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// `GET /invoices`
    DropInList,
    /// `GET /v1/invoices`
    Page,
    /// `GET /v1/invoices/{id}`
    Invoice,
    /// `GET /v1/invoices/{id}/payments`
    Payments,
    /// `POST /v1/invoices`
    Create,
    /// `POST /v1/invoices/{id}/pay`
    Pay,
}

use Kind::{Create, DropInList, Invoice, Page, Pay, Payments};

const ROUND: [Kind; 20] = [
    Create, Page, Invoice, Page, Payments, DropInList, Page, Invoice, Page, Invoice, Pay, Page,
    Invoice, Page, Payments, Invoice, Page, Invoice, Page, Invoice,
];

/// The kind of the request with this number.
pub(crate) fn kind(number: u64) -> Kind {
    // A remainder of the round's length is an index of the round.
    ROUND[usize::try_from(number % ROUND.len() as u64).unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::{Kind, ROUND, kind};

    #[test]
    fn a_tenth_of_the_requests_make_and_pay_invoices() {
        let of = |wanted| ROUND.iter().filter(|kind| **kind == wanted).count();
        assert_eq!((of(Kind::Create), of(Kind::Pay)), (1, 1));
    }

    #[test]
    fn an_invoice_is_made_before_one_is_paid() {
        let first = |wanted| (0..20).find(|number| kind(*number) == wanted).unwrap();
        assert!(first(Kind::Create) < first(Kind::Pay));
        assert_eq!(kind(20), kind(0));
    }
}
