//! `POST /v1/invoices/{id}/void`.

use std::sync::Arc;

use actix_web::{HttpResponse, post, web};
use chassis::clock::Clock;
use chassis::http::Path;
use chassis::problem::{Problem, ProblemBody};
use uuid::Uuid;

use crate::invoice::{InvoiceStore, InvoiceView};

/// Withdraws an open invoice
#[utoipa::path(
    tag = "invoices",
    params(("id" = Uuid, Path, description = "The invoice's id")),
    responses(
        (status = 200, description = "Withdrawn", body = InvoiceView),
        (status = 404, description = "There is none with this id", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It is not open, or a payment of it is under way", body = ProblemBody, content_type = "application/problem+json"),
        (status = 400, description = "The id is none", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database is away", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[post("/v1/invoices/{id}/void")]
pub async fn void(
    invoices: web::Data<Arc<dyn InvoiceStore>>,
    clock: web::Data<Arc<dyn Clock>>,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let invoice = invoices.void(id, clock.now()).await?;
    Ok(HttpResponse::Ok().json(InvoiceView::from(invoice)))
}
