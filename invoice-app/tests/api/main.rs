//! The service as its clients see it, on a port of its own with a stand-in for payment-provider.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod app;
mod drop_in;
mod invoices;
mod open_api;
mod payments;
mod recovery;
mod stand_in;
mod start;
mod tls;
mod wrong_input;
