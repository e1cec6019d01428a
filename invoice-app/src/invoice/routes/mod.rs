//! `/v1/invoices`.

pub mod create;
pub mod list;
pub mod read;
pub mod void;
