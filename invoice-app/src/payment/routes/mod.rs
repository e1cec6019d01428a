//! Paying an invoice, and looking at its payments.

pub mod attempts;
pub mod pay;
pub mod read;
