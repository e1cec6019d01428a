//! A real PostgreSQL for tests: found on this machine, started on a free port of the loopback
//! address, gone with the test process.

mod programs;
mod server;

pub use programs::NotFound;
pub use server::{Postgres, StartError};
