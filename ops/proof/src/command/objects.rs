//! `proof objects`: what there is to judge.

use std::io::Write;

use clap::Args;

use super::{CommandError, Source, Verdict};

/// What can be asked.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    source: Source,
}

/// Writes the kind and name of every object, a line each.
///
/// # Errors
/// When the manifests cannot be rendered, or nothing can be written.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<Verdict, CommandError> {
    for document in arguments.source.rendered()?.documents() {
        writeln!(out, "{document}")?;
    }
    Ok(Verdict::Agrees)
}
