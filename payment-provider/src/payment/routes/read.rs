//! `GET /v1/payments/{id}`.

use actix_web::{HttpResponse, get, web};
use chassis::http::Path;
use chassis::problem::{Problem, ProblemBody};
use uuid::Uuid;

use crate::payment::{Charger, PaymentView};

/// One payment
#[utoipa::path(
    tag = "payments",
    params(("id" = Uuid, Path, description = "The attempt id")),
    responses(
        (status = 200, description = "The payment", body = PaymentView),
        (status = 400, description = "The id is not a UUID", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "This id was not charged so far, which does not say that it never will be", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database is away", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[get("/v1/payments/{id}")]
pub async fn read(
    charger: web::Data<Charger>,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let payment = charger
        .get(id)
        .await?
        .ok_or_else(|| Problem::no_such("payment"))?;
    Ok(HttpResponse::Ok().json(PaymentView::from(payment)))
}
