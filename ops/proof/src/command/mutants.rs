//! `proof mutants`: whether the checks see it when something goes wrong.

use std::io::Write;

use clap::Args;

use super::{CommandError, Source, Verdict, report};
use crate::mutation::{Checks, Kind, Survivors, judge, mutants};

/// What can be asked.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Print every mutant, without trying any.
    #[arg(long)]
    list: bool,
}

/// Changes the manifests in one place after the other, and prints how many of the mutants are caught, which
/// live and why.
///
/// # Errors
/// When the manifests or what is expected of them cannot be read, or nothing can be written.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<Verdict, CommandError> {
    let rendered = arguments.source.rendered()?;
    if arguments.list {
        for mutant in mutants(&rendered) {
            writeln!(out, "{}", mutant.name)?;
        }
        return Ok(Verdict::Agrees);
    }
    let root = &arguments.source.root;
    let checks = Checks::of_repository(root)?;
    let survivors = Survivors::of_repository(root)?;
    let judged = judge(&rendered, &checks, &survivors, &Kind::ALL);
    write!(out, "{judged}")?;
    Ok(report(&judged.complaints(), out)?)
}
