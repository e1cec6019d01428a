//! What "paid exactly once" means in the books of both services.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::client::{InvoiceApp, PaymentProvider};
use crate::failure::{Failure, ensure};
use crate::wire::{Charge, Invoice, Payment};

/// How many invoices' payments are asked for at the same moment.
const ASKED_AT_ONCE: usize = 16;

/// Fails unless the invoice has one succeeded payment, and payment-provider one charge among all its payments,
/// both with the invoice's amount. Gives the payment that succeeded.
pub(crate) async fn invoice_charged_once(
    app: &InvoiceApp,
    provider: &PaymentProvider,
    invoice: &Invoice,
) -> Result<Payment, Failure> {
    let payments = app.payments_of(invoice.id).await?;
    let mut book = BTreeMap::new();
    for payment in &payments {
        if let Some(charge) = provider.charge(payment.id).await? {
            book.insert(charge.id.clone(), charge);
        }
    }
    agreed(invoice, &payments, &book)
}

/// Fails unless every paid invoice was charged once, every other one not at all, and payment-provider charged
/// nothing besides. Gives the number of charges.
pub(crate) async fn everything_charged_once(
    app: &InvoiceApp,
    provider: &PaymentProvider,
) -> Result<usize, Failure> {
    let book: BTreeMap<String, Charge> = provider
        .charges()
        .await?
        .into_iter()
        .map(|charge| (charge.id.clone(), charge))
        .collect();
    let mut accounted = 0;
    for (invoice, payments) in with_payments(app).await? {
        if invoice.state == "paid" {
            agreed(&invoice, &payments, &book)?;
            accounted += 1;
        } else {
            let charged = payments
                .iter()
                .find(|payment| succeeded(&book, payment).is_some());
            ensure(charged.is_none(), || {
                format!("{} is {} and was charged", invoice.number, invoice.state)
            })?;
        }
    }
    let made = book
        .values()
        .filter(|charge| charge.status == "succeeded")
        .count();
    ensure(made == accounted, || {
        format!(
            "payment-provider made {made} charges for {accounted} paid invoices. If somebody else than invoice-app \
             charged there, begin anew: ./deploy.sh --down, ./deploy.sh"
        )
    })?;
    Ok(made)
}

/// Every invoice with its payments.
pub(super) async fn with_payments(
    app: &InvoiceApp,
) -> Result<Vec<(Invoice, Vec<Payment>)>, Failure> {
    let asked = app.invoices().await?.into_iter().map(async |invoice| {
        let payments = app.payments_of(invoice.id).await?;
        Ok::<_, Failure>((invoice, payments))
    });
    stream::iter(asked)
        .buffered(ASKED_AT_ONCE)
        .try_collect()
        .await
}

pub(super) fn succeeded<'a>(
    book: &'a BTreeMap<String, Charge>,
    payment: &Payment,
) -> Option<&'a Charge> {
    book.get(&payment.id.to_string())
        .filter(|charge| charge.status == "succeeded")
}

pub(super) fn agreed(
    invoice: &Invoice,
    payments: &[Payment],
    book: &BTreeMap<String, Charge>,
) -> Result<Payment, Failure> {
    let number = &invoice.number;
    let paid: Vec<&Payment> = payments
        .iter()
        .filter(|payment| payment.state == "succeeded")
        .collect();
    let charged: Vec<&Charge> = payments
        .iter()
        .filter_map(|payment| succeeded(book, payment))
        .collect();
    let ([payment], [charge]) = (paid.as_slice(), charged.as_slice()) else {
        let (paid, charged) = (paid.len(), charged.len());
        return Err(Failure::wrong(format!(
            "{number} has {paid} succeeded payments and {charged} charges, should be 1 and 1"
        )));
    };
    let wanted = (&invoice.amount, &invoice.currency);
    ensure(
        (&payment.amount, &payment.currency) == wanted && payment.invoice_id == invoice.id,
        || {
            format!(
                "{number} is {} {}, its payment {} {}",
                wanted.0, wanted.1, payment.amount, payment.currency
            )
        },
    )?;
    ensure(
        (&charge.amount, &charge.currency) == wanted && charge.id == payment.id.to_string(),
        || {
            format!(
                "{number} is {} {}, its charge {} {}",
                wanted.0, wanted.1, charge.amount, charge.currency
            )
        },
    )?;
    Ok((*payment).clone())
}

#[cfg(test)]
mod tests {
    use super::agreed;
    use crate::wire::{Charge, Invoice, Payment};
    use std::collections::BTreeMap;
    use uuid::Uuid;

    const INVOICE: Uuid = Uuid::from_u128(1);

    fn invoice() -> Invoice {
        Invoice {
            id: INVOICE,
            number: String::from("I1"),
            amount: String::from("12.15"),
            currency: String::from("EUR"),
            state: String::from("paid"),
        }
    }

    fn payment(id: u128, state: &str) -> Payment {
        Payment {
            id: Uuid::from_u128(id),
            invoice_id: INVOICE,
            amount: String::from("12.15"),
            currency: String::from("EUR"),
            state: String::from(state),
            tries: 1,
        }
    }

    fn charges(amounts: &[(u128, &str)]) -> BTreeMap<String, Charge> {
        let charge = |(id, amount): &(u128, &str)| {
            let id = Uuid::from_u128(*id).to_string();
            let (amount, currency, status) = (
                (*amount).to_owned(),
                String::from("EUR"),
                String::from("succeeded"),
            );
            (
                id.clone(),
                Charge {
                    id,
                    amount,
                    currency,
                    status,
                },
            )
        };
        amounts.iter().map(charge).collect()
    }

    #[test]
    fn one_payment_and_one_charge_agree() {
        let paid = agreed(
            &invoice(),
            &[payment(2, "declined"), payment(3, "succeeded")],
            &charges(&[(3, "12.15")]),
        );
        assert_eq!(paid.unwrap().id, Uuid::from_u128(3));
    }

    #[test]
    fn a_second_charge_under_another_attempt_is_found() {
        let payments = [payment(2, "unknown"), payment(3, "succeeded")];
        let error = agreed(
            &invoice(),
            &payments,
            &charges(&[(2, "12.15"), (3, "12.15")]),
        )
        .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("1 succeeded payments and 2 charges"),
            "{error}"
        );
    }

    #[test]
    fn a_payment_without_a_charge_is_found() {
        assert!(agreed(&invoice(), &[payment(3, "succeeded")], &charges(&[])).is_err());
        assert!(agreed(&invoice(), &[], &charges(&[])).is_err());
    }

    #[test]
    fn a_charge_of_another_amount_is_found() {
        assert!(
            agreed(
                &invoice(),
                &[payment(3, "succeeded")],
                &charges(&[(3, "12.16")])
            )
            .is_err()
        );
    }
}
