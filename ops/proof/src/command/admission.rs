//! `proof admission`: what the policies refuse.

use std::io::Write;

use clap::Args;

use super::{CommandError, Source, Verdict, report};
use crate::admission::{Trials, differences};

/// What can be asked.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    source: Source,
}

/// Tries every case on the policies, and everything that is rendered; writes a line for each difference.
///
/// # Errors
/// When the manifests or the cases cannot be read, or nothing can be written.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<Verdict, CommandError> {
    let rendered = arguments.source.rendered()?;
    let trials = Trials::of_repository(&arguments.source.root)?;
    let verdict = report(&differences(&rendered, &trials), out)?;
    if verdict == Verdict::Agrees {
        let requests = trials.all().len();
        writeln!(out, "{requests} requests got the answer that they should")?;
    }
    Ok(verdict)
}
