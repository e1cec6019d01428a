//! The service over HTTP: the real application on free ports.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod app;
mod charging;
mod database_away;
mod drop_in;
mod limit;
mod listing;
mod migrations;
mod openapi;
mod wrong_input;
