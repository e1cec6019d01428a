//! `POST /invoices/pay`.

use actix_web::{HttpResponse, post, web};
use chassis::problem::{Problem, ProblemBody};
use serde::Serialize;
use utoipa::ToSchema;

use crate::payment::PayAll;
use crate::problems::unpaid;

/// What the old system answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct DropInDone {}

/// Pays every invoice that is open
///
/// The old system answered so whatever happened; here `{}` means that none is left unpaid. What is
/// under way when the time is over goes on by itself.
#[utoipa::path(
    tag = "drop-in",
    responses(
        (status = 200, description = "No invoice is unpaid", body = DropInDone),
        (status = 502, description = "Some are: `unpaid` has up to 100 of their numbers, `unpaid_count` says how many, `reasons` why, by number, as far as it is known", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database is away", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[post("/invoices/pay")]
pub async fn pay(pay_all: web::Data<PayAll>) -> Result<HttpResponse, Problem> {
    let left = pay_all.into_inner().run().await?;
    if left.count > 0 {
        return Err(unpaid(&left));
    }
    Ok(HttpResponse::Ok()
        .content_type("application/json; charset=utf-8")
        .json(DropInDone {}))
}
