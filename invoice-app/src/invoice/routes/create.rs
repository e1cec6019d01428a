//! `POST /v1/invoices`.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpResponse, post, web};
use chassis::clock::Clock;
use chassis::http::{Json, parse_amount};
use chassis::problem::{Problem, ProblemBody};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::invoice::{InvoiceStore, InvoiceView};

/// An invoice to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateInvoice {
    /// The amount as a decimal, above zero, with no more digits than the currency has.
    #[schema(example = "12.15", pattern = r"^[0-9]+(\.[0-9]+)?$")]
    pub amount: String,
    /// The currency, by its ISO 4217 code; one with a smallest unit, in which one can pay.
    #[schema(example = "EUR", pattern = "^[A-Z]{3}$")]
    pub currency: String,
}

/// Makes an invoice
///
/// It is open at once, and has the next number.
#[utoipa::path(
    tag = "invoices",
    request_body = CreateInvoice,
    responses(
        (status = 201, description = "Made", body = InvoiceView),
        (status = 400, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database is away", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[post("/v1/invoices")]
pub async fn create(
    invoices: web::Data<Arc<dyn InvoiceStore>>,
    clock: web::Data<Arc<dyn Clock>>,
    Json(body): Json<CreateInvoice>,
) -> Result<HttpResponse, Problem> {
    let amount = parse_amount(&body.amount, &body.currency)?;
    let invoice = invoices.create(clock.new_id(), amount, clock.now()).await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/v1/invoices/{}", invoice.id)))
        .json(InvoiceView::from(invoice)))
}
