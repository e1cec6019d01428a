//! `GET /v1/invoices/{id}`.

use std::sync::Arc;

use actix_web::{HttpResponse, get, web};
use chassis::http::Path;
use chassis::problem::{Problem, ProblemBody};
use uuid::Uuid;

use crate::invoice::{InvoiceStore, InvoiceView};

/// One invoice
#[utoipa::path(
    tag = "invoices",
    params(("id" = Uuid, Path, description = "The invoice's id")),
    responses(
        (status = 200, description = "The invoice", body = InvoiceView),
        (status = 404, description = "There is none with this id", body = ProblemBody, content_type = "application/problem+json"),
        (status = 400, description = "The id is none", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database is away", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[get("/v1/invoices/{id}")]
pub async fn read(
    invoices: web::Data<Arc<dyn InvoiceStore>>,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let invoice = invoices
        .get(id)
        .await?
        .ok_or_else(|| Problem::no_such("invoice"))?;
    Ok(HttpResponse::Ok().json(InvoiceView::from(invoice)))
}
