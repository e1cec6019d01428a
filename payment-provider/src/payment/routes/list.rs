//! `GET /v1/payments`.

use actix_web::{HttpResponse, get, web};
use chassis::http::{PageQuery, Query, cut_page};
use chassis::problem::{Problem, ProblemBody};

use crate::payment::{Charger, PaymentPage, PaymentView};

/// The payments, by id
#[utoipa::path(
    tag = "payments",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of payments", body = PaymentPage),
        (status = 400, description = "A parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database is away", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[get("/v1/payments")]
pub async fn list(
    charger: web::Data<Charger>,
    Query(query): Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let limit = query.limit()?;
    let payments = charger.page(query.after, limit + 1).await?;
    let (payments, more) = cut_page(payments, limit);
    let items: Vec<_> = payments.into_iter().map(PaymentView::from).collect();
    let next = if more {
        items.last().map(|last| last.id.clone())
    } else {
        None
    };
    Ok(HttpResponse::Ok().json(PaymentPage { items, next }))
}
