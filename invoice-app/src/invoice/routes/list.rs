//! `GET /v1/invoices`.

use std::sync::Arc;

use actix_web::{HttpResponse, get, web};
use chassis::http::{Query, cut_page, page_limit};
use chassis::problem::{Problem, ProblemBody};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::invoice::{InvoicePage, InvoiceState, InvoiceStore, InvoiceView};

/// Which invoices.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListInvoices {
    /// Only those in this state; all if left out.
    state: Option<InvoiceState>,
    /// How many at most: 1 to 200, 50 if left out.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next` of the page before; left out for the first page.
    after: Option<Uuid>,
}

/// The invoices, in the order in which they were made
#[utoipa::path(
    tag = "invoices",
    params(ListInvoices),
    responses(
        (status = 200, description = "A page of invoices", body = InvoicePage),
        (status = 400, description = "A parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database is away", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[get("/v1/invoices")]
pub async fn list(
    invoices: web::Data<Arc<dyn InvoiceStore>>,
    Query(query): Query<ListInvoices>,
) -> Result<HttpResponse, Problem> {
    let limit = page_limit(query.limit)?;
    let found = invoices.page(query.state, query.after, limit + 1).await?; // One more, to see whether there is more.
    let (found, more) = cut_page(found, limit);
    let items: Vec<_> = found.into_iter().map(InvoiceView::from).collect();
    let next = if more {
        items.last().map(|last| last.id)
    } else {
        None
    };
    Ok(HttpResponse::Ok().json(InvoicePage { items, next }))
}
