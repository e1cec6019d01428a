//! `/v1/payments`.

pub mod create;
pub mod list;
pub mod read;
