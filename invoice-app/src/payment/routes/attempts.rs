//! `GET /v1/invoices/{id}/payments`.

use std::sync::Arc;

use actix_web::{HttpResponse, get, web};
use chassis::http::Path;
use chassis::problem::{Problem, ProblemBody};
use uuid::Uuid;

use crate::invoice::InvoiceStore;
use crate::payment::{PaymentList, PaymentStore, PaymentView};

const MOST: u32 = 100;

/// The payments of an invoice, the latest first
#[utoipa::path(
    tag = "payments",
    params(("id" = Uuid, Path, description = "The invoice's id")),
    responses(
        (status = 200, description = "Every attempt to pay it, 100 at most", body = PaymentList),
        (status = 404, description = "There is no invoice with this id", body = ProblemBody, content_type = "application/problem+json"),
        (status = 400, description = "The id is none", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database is away", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[get("/v1/invoices/{id}/payments")]
pub async fn attempts(
    invoices: web::Data<Arc<dyn InvoiceStore>>,
    payments: web::Data<Arc<dyn PaymentStore>>,
    Path(id): Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    invoices
        .get(id)
        .await?
        .ok_or_else(|| Problem::no_such("invoice"))?;
    let items = payments
        .of_invoice(id, MOST)
        .await?
        .into_iter()
        .map(PaymentView::from)
        .collect();
    Ok(HttpResponse::Ok().json(PaymentList { items }))
}
