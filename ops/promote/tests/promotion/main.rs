//! Promotions against real git repositories and a stand-in of kubectl that answers from files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod arriving;
mod committing;
mod hook;
mod lent_settings;
mod refusing;
mod repository_files;
mod testing;
mod world;
