//! The books of both services, compared: what was lost, charged twice, or is still open.

use std::collections::BTreeMap;

use super::exactly_once::{agreed, succeeded, with_payments};
use crate::client::{InvoiceApp, PaymentProvider};
use crate::failure::{Failure, ensure};
use crate::wire::{Charge, Invoice, Payment};

/// What the books of both services say when they are laid side by side.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Books {
    /// Invoices that are paid.
    pub(crate) paid: usize,
    /// Charges that payment-provider made, whoever asked for them.
    pub(crate) charges: usize,
    /// Invoices whose charge or payment is missing on one side.
    pub(crate) lost: Vec<String>,
    /// Invoices that were charged more than once.
    pub(crate) twice: Vec<String>,
    /// Invoices with a payment of which nobody knows what came of it.
    pub(crate) unresolved: Vec<String>,
    /// Everything else that does not agree.
    pub(crate) wrong: Vec<String>,
}

impl Books {
    /// Reads both.
    pub(crate) async fn read(
        app: &InvoiceApp,
        provider: &PaymentProvider,
    ) -> Result<Self, Failure> {
        let invoices = with_payments(app).await?;
        let charges = provider.charges().await?;
        Ok(Self::compare(&invoices, charges))
    }

    fn compare(invoices: &[(Invoice, Vec<Payment>)], charges: Vec<Charge>) -> Self {
        let book: BTreeMap<String, Charge> = charges
            .into_iter()
            .map(|charge| (charge.id.clone(), charge))
            .collect();
        let mut books = Self {
            charges: book
                .values()
                .filter(|charge| charge.status == "succeeded")
                .count(),
            ..Self::default()
        };
        for (invoice, payments) in invoices {
            books.enter(invoice, payments, &book);
        }
        books
    }

    fn enter(&mut self, invoice: &Invoice, payments: &[Payment], book: &BTreeMap<String, Charge>) {
        let number = || invoice.number.clone();
        let charged = payments
            .iter()
            .filter(|payment| succeeded(book, payment).is_some())
            .count();
        let paid = invoice.state == "paid";
        self.paid += usize::from(paid);
        if payments.iter().any(|payment| is_open(&payment.state)) {
            self.unresolved.push(number());
        }
        match (paid, charged) {
            (true, 1) => {
                if let Err(failure) = agreed(invoice, payments, book) {
                    self.wrong.push(failure.to_string());
                }
            }
            (false, 0) => {}
            (_, 2..) => self.twice.push(number()),
            (true, 0) | (false, 1) => self.lost.push(number()),
        }
    }

    /// Fails unless nothing was lost, charged twice or left open, and nothing was charged besides.
    pub(crate) fn ensure_agreed(&self) -> Result<(), Failure> {
        let none = [&self.lost, &self.twice, &self.unresolved, &self.wrong]
            .iter()
            .all(|list| list.is_empty());
        ensure(none && self.paid == self.charges, || {
            let Self {
                lost,
                twice,
                unresolved,
                wrong,
                ..
            } = self;
            format!(
                "{}; lost {lost:?}, twice {twice:?}, unresolved {unresolved:?}, otherwise wrong {wrong:?}",
                self.summary()
            )
        })
    }

    /// In a phrase.
    pub(crate) fn summary(&self) -> String {
        format!(
            "{} charges for {} paid invoices, {} lost, {} twice, {} unresolved",
            self.charges,
            self.paid,
            self.lost.len(),
            self.twice.len(),
            self.unresolved.len()
        )
    }
}

fn is_open(payment_state: &str) -> bool {
    ["prepared", "dispatched", "unknown"].contains(&payment_state)
}

#[cfg(test)]
mod tests {
    use super::Books;
    use crate::wire::{Charge, Invoice, Payment};
    use uuid::Uuid;

    const INVOICE: Uuid = Uuid::from_u128(1);

    fn invoice(state: &str) -> Invoice {
        Invoice {
            id: INVOICE,
            number: String::from("I1"),
            amount: String::from("7.31"),
            currency: String::from("EUR"),
            state: state.to_owned(),
        }
    }

    fn payment(id: u128, state: &str) -> Payment {
        Payment {
            id: Uuid::from_u128(id),
            invoice_id: INVOICE,
            amount: String::from("7.31"),
            currency: String::from("EUR"),
            state: state.to_owned(),
            tries: 1,
        }
    }

    fn charge(id: u128, amount: &str) -> Charge {
        Charge {
            id: Uuid::from_u128(id).to_string(),
            amount: amount.to_owned(),
            currency: String::from("EUR"),
            status: String::from("succeeded"),
        }
    }

    fn books(state: &str, payments: Vec<Payment>, charges: Vec<Charge>) -> Books {
        Books::compare(&[(invoice(state), payments)], charges)
    }

    #[test]
    fn books_that_agree_are_let_pass() {
        let agreed = books(
            "paid",
            vec![payment(2, "succeeded")],
            vec![charge(2, "7.31")],
        );
        agreed.ensure_agreed().unwrap();
        assert_eq!((agreed.paid, agreed.charges), (1, 1));
        books("open", vec![], vec![]).ensure_agreed().unwrap();
    }

    #[test]
    fn a_charge_that_one_side_does_not_know_is_lost() {
        let not_charged = books("paid", vec![payment(2, "succeeded")], vec![]);
        let not_paid = books(
            "open",
            vec![payment(2, "declined")],
            vec![charge(2, "7.31")],
        );
        for books in [not_charged, not_paid] {
            assert_eq!(books.lost, ["I1"]);
            assert!(books.ensure_agreed().is_err());
        }
    }

    #[test]
    fn a_second_charge_is_found_under_whatever_attempt() {
        let payments = vec![payment(2, "succeeded"), payment(3, "declined")];
        let books = books("paid", payments, vec![charge(2, "7.31"), charge(3, "7.31")]);
        assert_eq!(books.twice, ["I1"]);
        assert!(books.ensure_agreed().is_err());
    }

    #[test]
    fn a_payment_of_which_nobody_knows_what_came_is_unresolved() {
        for state in ["prepared", "dispatched", "unknown"] {
            let books = books("open", vec![payment(2, state)], vec![]);
            assert_eq!(books.unresolved, ["I1"], "{state}");
            assert!(books.ensure_agreed().is_err());
        }
    }

    #[test]
    fn another_amount_and_a_charge_that_nobody_asked_for_do_not_agree() {
        let other = books(
            "paid",
            vec![payment(2, "succeeded")],
            vec![charge(2, "7.32")],
        );
        assert_eq!(other.wrong.len(), 1);
        assert!(other.ensure_agreed().is_err());
        let besides = books("open", vec![], vec![charge(9, "1.00")]);
        assert!(besides.ensure_agreed().is_err());
    }
}
