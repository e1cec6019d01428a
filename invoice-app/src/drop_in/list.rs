//! `GET /invoices`.

use std::sync::Arc;

use actix_web::web::Bytes;
use actix_web::{HttpResponse, get, web};
use chassis::database::DatabaseError;
use chassis::problem::{Problem, ProblemBody};
use futures_util::{Stream, stream};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::invoice::{Invoice, InvoiceState, InvoiceStore};

const PAGE: u32 = 500;
const CONTENT_TYPE: &str = "application/json; charset=utf-8";

/// An invoice as the old system shows it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct DropInInvoice {
    /// The number that people read.
    #[schema(example = "I1")]
    pub invoice_id: String,
    /// The amount, as a JSON number: the shortest decimal that is exactly it.
    #[schema(value_type = f64, example = 12.15)]
    pub value: Box<RawValue>,
    /// The currency, by its ISO 4217 code.
    #[schema(example = "EUR")]
    pub currency: &'static str,
    /// Whether it is paid.
    pub is_paid: bool,
}

/// All invoices that were asked for, as the old system shows them
///
/// Drafts and withdrawn invoices are left out: the old system knows neither.
#[utoipa::path(
    tag = "drop-in",
    responses(
        (status = 200, description = "The invoices, in the order in which they were made", body = [DropInInvoice]),
        (status = 503, description = "The database is away", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[get("/invoices")]
pub async fn list(invoices: web::Data<Arc<dyn InvoiceStore>>) -> Result<HttpResponse, Problem> {
    let invoices = invoices.get_ref().clone();
    let first = Page::read(&invoices, None).await?;
    if first.next.is_none() {
        let body = [b"[", first.text.as_slice(), b"]"].concat();
        return Ok(HttpResponse::Ok().content_type(CONTENT_TYPE).body(body));
    }
    Ok(HttpResponse::Ok()
        .content_type(CONTENT_TYPE)
        .streaming(pages(invoices, first)))
}

/// Some invoices as JSON, with commas between but not around them.
struct Page {
    text: Vec<u8>,
    next: Option<Uuid>,
}

impl Page {
    async fn read(
        invoices: &Arc<dyn InvoiceStore>,
        after: Option<Uuid>,
    ) -> Result<Self, DatabaseError> {
        let page = invoices.page(None, after, PAGE).await?;
        let next = if page.len() == PAGE as usize {
            page.last().map(|last| last.id)
        } else {
            None
        };
        let shown: Vec<_> = page.into_iter().filter_map(shown).collect();
        let text = serde_json::to_vec(&shown).unwrap_or_default();
        // The brackets stand around all pages, not around each.
        let text = text
            .strip_prefix(b"[")
            .and_then(|text| text.strip_suffix(b"]"))
            .unwrap_or_default()
            .to_vec();
        Ok(Self { text, next })
    }
}

fn shown(invoice: Invoice) -> Option<DropInInvoice> {
    if matches!(invoice.state, InvoiceState::Draft | InvoiceState::Void) {
        return None;
    }
    Some(DropInInvoice {
        value: RawValue::from_string(invoice.amount.to_shortest_decimal()).ok()?,
        currency: invoice.amount.currency().code(),
        is_paid: invoice.state == InvoiceState::Paid,
        invoice_id: invoice.number,
    })
}

enum Step {
    First(Page),
    After(Uuid, bool),
    Close,
}

/// A page at a time, so that the memory stays flat however many invoices there are. An error on the
/// way cuts the connection: a client sees that the list is not whole.
fn pages(
    invoices: Arc<dyn InvoiceStore>,
    first: Page,
) -> impl Stream<Item = Result<Bytes, DatabaseError>> {
    stream::try_unfold(Some(Step::First(first)), move |step| {
        let invoices = invoices.clone();
        async move {
            let (page, opening, wrote) = match step {
                None => return Ok(None),
                Some(Step::Close) => return Ok(Some((Bytes::from_static(b"]"), None))),
                Some(Step::First(page)) => (page, b"[".as_slice(), false),
                Some(Step::After(after, wrote)) => (
                    Page::read(&invoices, Some(after)).await?,
                    b"".as_slice(),
                    wrote,
                ),
            };
            let comma = if wrote && !page.text.is_empty() {
                b",".as_slice()
            } else {
                b""
            };
            let text = [opening, comma, &page.text].concat();
            let wrote = wrote || !page.text.is_empty();
            let next = page
                .next
                .map_or(Step::Close, |after| Step::After(after, wrote));
            Ok(Some((Bytes::from(text), Some(next))))
        }
    })
}
