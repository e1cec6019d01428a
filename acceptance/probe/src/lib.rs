//! What a probe pod does: [`listen`] on a port, [`reach`] for addresses and report each, or [`relay`]
//! connections from its place.
//!
//! It connects only, and uses nothing but sockets: what it can or cannot do is then decided by the
//! cluster's network alone.

pub mod listen;
pub mod outcome;
pub mod reach;
pub mod relay;
pub mod wait;

use std::io::Write;
use std::process::ExitCode;

/// Says on standard error what went wrong, for the pod's log, and gives the exit code 1.
#[must_use]
pub fn fail(error: &std::io::Error) -> ExitCode {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(std::io::stderr(), "probe: {error}");
    ExitCode::FAILURE
}
