//! `POST /v1/invoices/{id}/pay`.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpResponse, post, web};
use chassis::http::Path;
use chassis::problem::{Problem, ProblemBody};
use uuid::Uuid;

use crate::payment::{PayError, Payer, Payment, PaymentView, PrepareError};

/// Pays an invoice
///
/// The answer is 200 when the outcome is known. It is 202 while it is not: the payment goes on by
/// itself under the same id, and `Location` tells where to look. An invoice whose payment is under
/// way gets no second one: the answer is the first one's.
#[utoipa::path(
    tag = "payments",
    params(("id" = Uuid, Path, description = "The invoice's id")),
    responses(
        (status = 200, description = "Decided: see `state`, which is succeeded or declined", body = PaymentView),
        (status = 202, description = "Not decided yet: look at `Location` in a moment", body = PaymentView),
        (status = 404, description = "There is no invoice with this id", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The invoice is not open", body = ProblemBody, content_type = "application/problem+json"),
        (status = 400, description = "The id is none", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database is away: a payment that was begun goes on when it is back", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[post("/v1/invoices/{id}/pay")]
pub async fn pay(
    payer: web::Data<Payer>,
    Path(invoice): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let payer = payer.into_inner();
    // A task of its own, because a client that hangs up must not cut a payment off.
    let task = tokio::spawn(tracing::Instrument::in_current_span(pay_or_join(
        payer, invoice,
    )));
    let payment = task.await.map_err(|error| Problem::internal(&error))??;
    Ok(answer(payment))
}

async fn pay_or_join(payer: Arc<Payer>, invoice: Uuid) -> Result<Payment, PayError> {
    match payer.pay(invoice).await {
        Err(PayError::Prepare(PrepareError::Live)) => {
            let live = payer.live_of(invoice).await.map_err(PrepareError::from)?;
            live.ok_or(PayError::Prepare(PrepareError::Live))
        }
        other => other,
    }
}

fn answer(payment: Payment) -> HttpResponse {
    if !payment.state.is_live() {
        return HttpResponse::Ok().json(PaymentView::from(payment));
    }
    HttpResponse::Accepted()
        .insert_header((header::LOCATION, format!("/v1/payments/{}", payment.id)))
        .insert_header((header::RETRY_AFTER, "1"))
        .json(PaymentView::from(payment))
}
