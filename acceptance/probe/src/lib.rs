//! What a probe pod does: [`listen`] on a port, [`reach`] for addresses and report each, [`relay`] connections
//! from its place, or give a deployment a first look ([`smoke`]).
//!
//! It uses nothing but sockets: what it can or cannot do is then decided by the
//! cluster's network alone.

pub mod listen;
pub mod outcome;
pub mod reach;
pub mod relay;
pub mod smoke;
pub mod wait;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

/// Says on standard error what went wrong, for the pod's log, and gives the exit code 1.
#[must_use]
pub fn fail(error: &dyn Error) -> ExitCode {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        said = format!("{said}: {error}");
        cause = error.source();
    }
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(std::io::stderr(), "probe: {said}");
    ExitCode::FAILURE
}
