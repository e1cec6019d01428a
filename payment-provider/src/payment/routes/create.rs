//! `POST /v1/payments`.

use actix_web::http::header;
use actix_web::{HttpResponse, post, web};
use chassis::http::{Json, parse_amount};
use chassis::problem::{Problem, ProblemBody};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::payment::{Charged, Charger, PaymentId, PaymentView};

/// A charge to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePayment {
    /// The attempt id: made by the caller, the same for every repetition of this charge.
    #[schema(example = "0198c0de-0000-7000-8000-000000000001")]
    pub id: Uuid,
    /// The amount as a decimal, above zero, with no more digits than the currency has.
    #[schema(example = "12.15", pattern = r"^[0-9]+(\.[0-9]+)?$")]
    pub amount: String,
    /// The currency, by its ISO 4217 code; one with a smallest unit, in which one can pay.
    #[schema(example = "EUR", pattern = "^[A-Z]{3}$")]
    pub currency: String,
}

/// Charges, at most once for each id
///
/// The first request with an id decides; every later one with the same amount gets the first
/// result, so a caller that does not know what came of a charge sends it again.
#[utoipa::path(
    tag = "payments",
    request_body = CreatePayment,
    responses(
        (status = 201, description = "Decided now; see `status`", body = PaymentView),
        (status = 200, description = "Decided before: the first result", body = PaymentView),
        (status = 400, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The id was used for another amount; `payment` is the stored one", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON by its `Content-Type`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database is away: nothing was charged, or it was and a repetition will tell", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[post("/v1/payments")]
pub async fn create(
    charger: web::Data<Charger>,
    Json(body): Json<CreatePayment>,
) -> Result<HttpResponse, Problem> {
    let amount = parse_amount(&body.amount, &body.currency)?;
    match charger.charge(PaymentId::attempt(body.id), amount).await? {
        Charged::Now(payment) => Ok(HttpResponse::Created()
            .insert_header((header::LOCATION, format!("/v1/payments/{}", body.id)))
            .json(PaymentView::from(payment))),
        Charged::Before(payment) => Ok(HttpResponse::Ok().json(PaymentView::from(payment))),
    }
}
