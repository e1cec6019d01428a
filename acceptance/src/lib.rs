//! Tests of a running deployment: the same invoices, asked from outside, on a cluster or on this machine.
//!
//! [`run`] reads where the deployment is ([`target`]), runs the checks of that kind of target in order and
//! answers with a [`report::Report`]. Whatever it puts into a deployment it takes out again, also when a
//! check fails or the run is interrupted.

mod branch;
mod chaos;
mod check;
pub mod cli;
mod client;
mod cluster;
mod failure;
mod fresh;
mod load;
mod poll;
mod process;
pub mod report;
mod run;
mod run_lock;
pub mod target;
mod terminal;
mod wire;

pub use run::{Ended, RunError, run};
