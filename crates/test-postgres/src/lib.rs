//! A real PostgreSQL for tests: found on this machine, or else run as a container, on a free port of
//! the loopback address, gone with the test process.

mod container;
mod installed;
mod keeper;
mod server;
mod wire;

pub use server::{Postgres, StartError};
