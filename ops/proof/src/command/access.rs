//! `proof access`: who may do what.

use std::io::Write;

use clap::Args;

use super::{CommandError, Source, Verdict, report};
use crate::access::{Expected, differences, granted, table};

/// What can be asked.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Say only where the manifests and access.yaml differ, and fail if they do
    #[arg(long)]
    check: bool,
}

/// Writes what the rendered roles allow, or where that is not what access.yaml says.
///
/// # Errors
/// When the manifests cannot be rendered, access.yaml cannot be read, or nothing can be written.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<Verdict, CommandError> {
    let rendered = arguments.source.rendered()?;
    if arguments.check {
        let expected = Expected::of_repository(&arguments.source.root)?;
        return Ok(report(&differences(&rendered, &expected), out)?);
    }
    let granted = granted(rendered.documents());
    write!(out, "{}", table(&granted.matrix))?;
    Ok(report(&granted.doubts, out)?)
}
