//! A small service on the chassis, seen from outside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod collector;
mod head;
mod health;
mod limits;
mod logs;
mod metrics;
mod service;
mod stop;
mod tls;
mod traces;
mod wire;
