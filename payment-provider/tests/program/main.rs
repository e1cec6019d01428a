//! The program as it is started: its arguments, variables, exit codes, output and signals.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod configuration;
mod crash;
mod database_away;
mod logs;
mod process;
mod stop;
mod tls;
