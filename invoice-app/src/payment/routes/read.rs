//! `GET /v1/payments/{id}`.

use std::sync::Arc;

use actix_web::{HttpResponse, get, web};
use chassis::http::Path;
use chassis::problem::{Problem, ProblemBody};
use uuid::Uuid;

use crate::payment::{PaymentStore, PaymentView};

/// One payment
#[utoipa::path(
    tag = "payments",
    params(("id" = Uuid, Path, description = "The payment's id")),
    responses(
        (status = 200, description = "The payment", body = PaymentView),
        (status = 404, description = "There is none with this id", body = ProblemBody, content_type = "application/problem+json"),
        (status = 400, description = "The id is none", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database is away", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[get("/v1/payments/{id}")]
pub async fn read(
    payments: web::Data<Arc<dyn PaymentStore>>,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let payment = payments
        .get(id)
        .await?
        .ok_or_else(|| Problem::no_such("payment"))?;
    Ok(HttpResponse::Ok().json(PaymentView::from(payment)))
}
