//! Invoices.

mod model;
pub mod routes;
pub(crate) mod sql;
mod store;
mod view;

pub use model::{IllegalInvoiceChange, Invoice, InvoiceEvent, InvoiceState};
pub use store::{InvoiceStore, UnpaidInvoice, UnpaidInvoices, VoidError};
pub use view::{InvoicePage, InvoiceView};
