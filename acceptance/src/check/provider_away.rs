//! payment-provider away: nothing is paid, everybody is told, and once it is back each invoice is paid once.

use super::Seen;
use super::doors::Deployment;
use super::exactly_once::invoice_charged_once;
use super::paying::settle;
use crate::client::{Answer, InvoiceApp};
use crate::failure::{Failure, ensure};
use crate::wire::Invoice;

/// An invoice that somebody tried to pay while payment-provider was away.
pub(crate) struct Unpaid {
    invoice: Invoice,
    /// What paying it answered.
    answered: String,
}

/// To be called while payment-provider is away.
pub(crate) async fn left_unpaid(app: &InvoiceApp) -> Result<Unpaid, Failure> {
    let invoice = app.create("9.87", "EUR").await?;
    let answer = app.pay(invoice.id).await?;
    let answered = said_so(&answer)?;
    still_unpaid(app, &invoice).await?;

    let all = app.drop_in_pay().await?.expect(502)?;
    let problem = all.problem()?;
    ensure(
        problem.unpaid.contains(&invoice.number) && problem.unpaid_count >= 1,
        || {
            format!(
                "paying all answered 502 without naming {}: {}",
                invoice.number, all.body
            )
        },
    )?;
    still_unpaid(app, &invoice).await?;
    Ok(Unpaid { invoice, answered })
}

/// To be called once payment-provider is back.
pub(crate) async fn paid_once_after(deployment: &impl Deployment, unpaid: &Unpaid) -> Seen {
    let (doors, provider) = (
        deployment.invoice_app().await?,
        deployment.payment_provider().await?,
    );
    let Unpaid { invoice, answered } = unpaid;
    deployment
        .console()
        .step(&format!("paying {} again", invoice.number));
    // Paying all takes up what was left open without waiting for its turn, and answers 200 again.
    settle(&doors.outside).await?;
    let payment = invoice_charged_once(&doors.outside, &provider, invoice).await?;
    Ok(format!(
        "{answered}, 502 named {}; back again it was paid once, after {} tries",
        invoice.number, payment.tries
    ))
}

/// 202 with a place to look, or a problem that says what is away.
fn said_so(answer: &Answer) -> Result<String, Failure> {
    if answer.status == 202 {
        ensure(!answer.location().is_empty(), || {
            format!("{}: 202 without a Location", answer.asked)
        })?;
        return Ok(String::from("202 with a Location"));
    }
    ensure(answer.status >= 500, || {
        format!(
            "{}: {} while payment-provider was away: {}",
            answer.asked, answer.status, answer.body
        )
    })?;
    let problem = answer.problem()?;
    ensure(problem.detail.contains("payment"), || {
        format!(
            "{}: the problem does not say what is away: {}",
            answer.asked, answer.body
        )
    })?;
    Ok(format!("{} {}", answer.status, problem.title))
}

async fn still_unpaid(app: &InvoiceApp, invoice: &Invoice) -> Result<(), Failure> {
    let now = app.invoice(invoice.id).await?;
    ensure(now.state == "open", || {
        format!(
            "{} is {} while payment-provider was away",
            now.number, now.state
        )
    })?;
    let rows = app.drop_in_invoices().await?;
    let shown = rows
        .iter()
        .any(|row| row.invoice_id == invoice.number && !row.is_paid);
    ensure(shown, || {
        format!("GET /invoices does not show {} as unpaid", invoice.number)
    })
}
