//! The main line: unpaid, paid, and never charged again.

use std::time::Duration;

use futures_util::future::join_all;
use uuid::Uuid;

use super::Seen;
use super::doors::{Deployment, InvoiceAppDoors};
use super::exactly_once::{everything_charged_once, invoice_charged_once};
use crate::client::{Answer, InvoiceApp};
use crate::failure::{Failure, ensure};
use crate::poll;
use crate::wire::{DropInInvoice, Invoice};

/// What a new deployment starts with.
const FIRST: [(&str, &str, &str); 3] = [
    ("I1", "12.15", "EUR"),
    ("I2", "10.25", "GBP"),
    ("I3", "66.13", "DKK"),
];
/// Currencies with two, no and three decimals.
const FRESH: [(&str, &str); 3] = [("20.26", "EUR"), ("1121", "JPY"), ("7.125", "KWD")];
/// How often the replicas are told to pay the same invoices at the same moment.
const ROUNDS: usize = 5;
/// Longer than the longest pause between two tries of the same payment, which is a minute and its jitter.
pub(crate) const PAID_WITHIN: Duration = Duration::from_secs(150);

/// Invoices are shown as unpaid by every replica, paid through the outside, then shown as paid by every replica.
pub(crate) async fn unpaid_then_paid(deployment: &impl Deployment) -> Seen {
    let (doors, provider) = (
        deployment.invoice_app().await?,
        deployment.payment_provider().await?,
    );
    let before = doors.outside.drop_in_invoices().await?;
    let first_unpaid = first_invoices(&before)?.iter().all(|row| !row.is_paid);
    if !first_unpaid {
        // Not a new deployment: what an interrupted run left open is not what this check is about.
        settle(&doors.outside).await?;
    }
    let mut fresh = Vec::new();
    for (amount, currency) in FRESH {
        fresh.push(doors.outside.create(amount, currency).await?);
    }
    let rows = same_everywhere(&doors).await?;
    all_are(&rows, &fresh, false)?;

    deployment.console().step("POST /invoices/pay from outside");
    let answer = doors.outside.drop_in_pay().await?.expect(200)?;
    ensure(answer.body.trim() == "{}", || {
        format!("paying all invoices answered `{}`, not `{{}}`", answer.body)
    })?;

    let rows = same_everywhere(&doors).await?;
    all_are(&rows, &fresh, true)?;
    ensure(first_invoices(&rows)?.iter().all(|row| row.is_paid), || {
        String::from("I1, I2 and I3 are not all paid")
    })?;
    for invoice in &fresh {
        invoice_charged_once(&doors.outside, &provider, invoice).await?;
    }
    let first = if first_unpaid { "I1 to I3 and " } else { "" };
    let numbers = numbers(&fresh);
    Ok(format!(
        "{first}{numbers}: unpaid, then paid, the same from outside and on {} replica(s)",
        doors.replicas.len()
    ))
}

/// Paying what is paid charges nothing, and each invoice there is has the charges it should have.
pub(crate) async fn again_charges_nothing(deployment: &impl Deployment) -> Seen {
    let (doors, provider) = (
        deployment.invoice_app().await?,
        deployment.payment_provider().await?,
    );
    settle(&doors.outside).await?;
    let before = provider.charges().await?.len();
    for app in doors.each() {
        app.drop_in_pay().await?.expect(200)?;
    }
    let paid = paid_ones(&doors.outside).await?;
    for (index, invoice) in paid.iter().take(3).enumerate() {
        // Whether this says "already paid" or shows the payment: it must not pay again.
        doors
            .replica(index)
            .pay(invoice.id)
            .await?
            .expect_any(&[200, 409])?;
    }
    let after = provider.charges().await?.len();
    ensure(before == after, || {
        format!("paying again took payment-provider from {before} to {after} payments")
    })?;
    deployment
        .console()
        .step("comparing every invoice with payment-provider's books");
    let charges = everything_charged_once(&doors.outside, &provider).await?;
    Ok(format!(
        "{before} payments before and after; {charges} charges for as many paid invoices, amounts equal"
    ))
}

/// Replicas that are told at the same moment to pay the same invoices pay each of them once.
pub(crate) async fn same_moment_pays_once(deployment: &impl Deployment) -> Seen {
    let (doors, provider) = (
        deployment.invoice_app().await?,
        deployment.payment_provider().await?,
    );
    settle(&doors.outside).await?;
    let before = provider.charges().await?.len();
    let mut all = Vec::new();
    for round in 1..=ROUNDS {
        let invoices = [
            doors.outside.create("3.10", "EUR").await?,
            doors.outside.create("4.20", "GBP").await?,
        ];
        deployment.console().step(&format!(
            "round {round} of {ROUNDS}: {} everywhere at once",
            numbers(&invoices)
        ));
        if round % 2 == 0 {
            every_replica_pays_all(&doors).await?;
        } else {
            every_replica_pays_each(&doors, &invoices).await?;
        }
        for invoice in invoices {
            await_paid(&doors.outside, invoice.id).await?;
            invoice_charged_once(&doors.outside, &provider, &invoice).await?;
            all.push(invoice);
        }
    }
    let made = provider.charges().await?.len() - before;
    ensure(made == all.len(), || {
        format!("{made} payments were made for {} invoices", all.len())
    })?;
    Ok(format!(
        "{} invoices, {ROUNDS} rounds at {} doors: {made} charges",
        all.len(),
        senders(&doors).len()
    ))
}

/// Three senders at least: a deployment with one replica gets three requests at once all the same.
fn senders(doors: &InvoiceAppDoors) -> Vec<&InvoiceApp> {
    (0..doors.replicas.len().max(3))
        .map(|index| doors.replica(index))
        .collect()
}

async fn every_replica_pays_each(
    doors: &InvoiceAppDoors,
    invoices: &[Invoice],
) -> Result<(), Failure> {
    let senders = senders(doors);
    let asked = senders
        .iter()
        .flat_map(|app| invoices.iter().map(|invoice| app.pay(invoice.id)));
    for answer in join_all(asked).await {
        // 409: another one is paying it, or has.
        answer?.expect_any(&[200, 202, 409])?;
    }
    Ok(())
}

async fn every_replica_pays_all(doors: &InvoiceAppDoors) -> Result<(), Failure> {
    let senders = senders(doors);
    let answers: Vec<Result<Answer, _>> =
        join_all(senders.iter().map(|app| app.drop_in_pay())).await;
    for answer in answers {
        answer?.expect(200)?;
    }
    Ok(())
}

/// Has everything paid that an earlier check or run left open, so that nothing of it happens later.
pub(crate) async fn settle(app: &InvoiceApp) -> Result<(), Failure> {
    poll::until("paying all invoices answers 200", PAID_WITHIN, async || {
        app.drop_in_pay().await?.expect(200)?;
        Ok(())
    })
    .await
}

/// Waits until the invoice is paid.
pub(crate) async fn await_paid(app: &InvoiceApp, id: Uuid) -> Result<Invoice, Failure> {
    poll::until("the invoice paid", PAID_WITHIN, async || {
        let invoice = app.invoice(id).await?;
        ensure(invoice.state == "paid", || {
            format!("{} is {}", invoice.number, invoice.state)
        })?;
        Ok(invoice)
    })
    .await
}

async fn paid_ones(app: &InvoiceApp) -> Result<Vec<Invoice>, Failure> {
    let invoices = app.invoices().await?;
    Ok(invoices
        .into_iter()
        .filter(|invoice| invoice.state == "paid")
        .collect())
}

/// The drop-in list, if every replica gives the same one.
async fn same_everywhere(doors: &InvoiceAppDoors) -> Result<Vec<DropInInvoice>, Failure> {
    let outside = doors.outside.drop_in_invoices().await?;
    for app in &doors.replicas {
        let rows = app.drop_in_invoices().await?;
        ensure(rows == outside, || {
            format!("{} shows other invoices than the outside", app.0.name)
        })?;
    }
    Ok(outside)
}

/// The three rows of a new deployment, with their values to the digit.
fn first_invoices(rows: &[DropInInvoice]) -> Result<Vec<&DropInInvoice>, Failure> {
    let row = |(number, value, currency): (&str, &str, &str)| {
        let row = rows.iter().find(|row| row.invoice_id == number);
        let row =
            row.ok_or_else(|| Failure::wrong(format!("GET /invoices does not show {number}")))?;
        ensure(
            row.value.to_string() == value && row.currency == currency,
            || {
                format!(
                    "{number} is {} {}, should be {value} {currency}",
                    row.value, row.currency
                )
            },
        )?;
        Ok(row)
    };
    FIRST.into_iter().map(row).collect()
}

fn all_are(rows: &[DropInInvoice], invoices: &[Invoice], paid: bool) -> Result<(), Failure> {
    for invoice in invoices {
        let row = rows.iter().find(|row| row.invoice_id == invoice.number);
        let row = row.ok_or_else(|| {
            Failure::wrong(format!("GET /invoices does not show {}", invoice.number))
        })?;
        ensure(row.is_paid == paid, || {
            format!("{} has IsPaid {}", invoice.number, row.is_paid)
        })?;
        ensure(
            row.value.to_string() == invoice.amount && row.currency == invoice.currency,
            || {
                format!(
                    "{} was made as {} {} and is shown as {} {}",
                    invoice.number, invoice.amount, invoice.currency, row.value, row.currency
                )
            },
        )?;
    }
    Ok(())
}

/// The numbers that people read, in a row.
pub(crate) fn numbers(invoices: &[Invoice]) -> String {
    invoices
        .iter()
        .map(|invoice| invoice.number.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::first_invoices;
    use crate::wire::DropInInvoice;

    fn rows(text: &str) -> Vec<DropInInvoice> {
        serde_json::from_str(text).unwrap()
    }

    const ALL: &str = r#"[
        {"InvoiceId":"I1","Value":12.15,"Currency":"EUR","IsPaid":false},
        {"InvoiceId":"I2","Value":10.25,"Currency":"GBP","IsPaid":true},
        {"InvoiceId":"I3","Value":66.13,"Currency":"DKK","IsPaid":false}]"#;

    #[test]
    fn the_first_invoices_are_known_by_number_value_and_currency() {
        assert_eq!(first_invoices(&rows(ALL)).unwrap().len(), 3);
        assert!(first_invoices(&rows(&ALL.replace("66.13", "66.130001"))).is_err());
        assert!(first_invoices(&rows(&ALL.replace("GBP", "EUR"))).is_err());
    }

    #[test]
    fn a_missing_first_invoice_is_named() {
        let error = first_invoices(&rows(&ALL.replace("I3", "I9")))
            .unwrap_err()
            .to_string();
        assert!(error.contains("I3"), "{error}");
    }
}
