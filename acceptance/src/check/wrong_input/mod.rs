//! A tour of wrong input over every route: each gets a 4xx problem that says which field, and changes nothing.

mod cases;

use super::Seen;
use super::doors::Deployment;
use super::paying::settle;
use super::snapshot::Snapshot;
use crate::client::{Answer, Door};
use crate::failure::{Failure, ensure};
use cases::{Body, Case, Says};

/// As many mistakes as a report can hold.
const SHOWN: usize = 4;
const HUGE: usize = 1024 * 1024;

/// Sends everything that is wrong to everything that is asked, and compares the books before and after.
pub(crate) async fn every_route_names_the_field(deployment: &impl Deployment) -> Seen {
    let (doors, provider) = (
        deployment.invoice_app().await?,
        deployment.payment_provider().await?,
    );
    let app = &doors.outside;
    settle(app).await?;
    let before = Snapshot::take(app, &provider).await?;
    let invoice = before
        .invoices
        .first()
        .ok_or_else(|| Failure::wrong("there is no invoice"))?;

    let mut mistakes = Vec::new();
    let at_app = cases::of_invoice_app(invoice.id);
    deployment
        .console()
        .step(&format!("{} requests to {}", at_app.len(), app.0.name));
    tour(&app.0, &at_app, &mut mistakes).await;
    let at_provider = cases::of_payment_provider();
    deployment.console().step(&format!(
        "{} requests to {}",
        at_provider.len(),
        provider.0.name
    ));
    tour(&provider.0, &at_provider, &mut mistakes).await;

    let asked = at_app.len() + at_provider.len();
    ensure(mistakes.is_empty(), || {
        let first = mistakes
            .iter()
            .take(SHOWN)
            .cloned()
            .collect::<Vec<_>>()
            .join(" | ");
        format!("{} of {asked} answers are wrong: {first}", mistakes.len())
    })?;
    before.unchanged(&Snapshot::take(app, &provider).await?, "wrong input")?;
    Ok(format!(
        "{asked} wrong requests: each a 4xx problem with its field; {} unchanged",
        before.summary()
    ))
}

async fn tour(door: &Door, cases: &[Case], mistakes: &mut Vec<String>) {
    for case in cases {
        let judged = match send(door, case).await {
            Ok(answer) => judge(case, &answer),
            Err(failure) => Err(failure),
        };
        if let Err(failure) = judged {
            mistakes.push(format!("{}: {failure}", case.what));
        }
    }
}

async fn send(door: &Door, case: &Case) -> Result<Answer, Failure> {
    let request = door.request(case.method.clone(), &case.path);
    let request = match &case.body {
        Body::Nothing => request,
        Body::Json(text) => request.body("application/json", text.clone()),
        Body::Other(content_type, text) => request.body(content_type, text.clone()),
        Body::Huge => request.body(
            "application/json",
            format!("{{\"amount\":\"{}\"}}", "9".repeat(HUGE)),
        ),
    };
    Ok(request.send().await?)
}

fn judge(case: &Case, answer: &Answer) -> Result<(), Failure> {
    let asked = &answer.asked;
    ensure(case.statuses.contains(&answer.status), || {
        format!(
            "{asked}: {} instead of {:?}: {:.120}",
            answer.status, case.statuses, answer.body
        )
    })?;
    match &case.says {
        Says::Exactly(body) => ensure(answer.body.trim() == *body, || {
            format!("{asked}: `{}` instead of `{body}`", answer.body)
        }),
        Says::Problem => answer.problem().map(drop).map_err(Failure::from),
        Says::Field(field) => {
            let problem = answer.problem()?;
            let named = problem
                .errors
                .iter()
                .any(|error| error.field == *field && !error.detail.is_empty());
            ensure(named, || {
                format!(
                    "{asked}: the problem does not name `{field}`: {:.200}",
                    answer.body
                )
            })
        }
    }
}
