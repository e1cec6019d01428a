//! Asking the services over HTTP.

mod answer;
mod door;
mod error;
mod http;
mod invoice_app;
mod payment_provider;

pub(crate) use answer::Answer;
pub(crate) use door::Door;
pub(crate) use error::HttpError;
pub(crate) use http::{Http, Request};
pub(crate) use invoice_app::InvoiceApp;
pub(crate) use payment_provider::PaymentProvider;
