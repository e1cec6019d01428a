//! The program's subcommands, a file for each.

pub mod access;
pub mod admission;
mod around;
pub mod mutants;
pub mod objects;
pub mod reachability;
mod source;
pub mod why;

use std::io;
use std::process::ExitCode;

pub use around::Around;
pub use source::Source;

use crate::admission::TrialsError;
use crate::reachability::Unreadable;
use crate::rendered::RenderError;

/// What a subcommand found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Everything is as expected.
    Agrees,
    /// Something is not, and was said.
    Differs,
}

/// Why a subcommand has no verdict.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// There are no manifests.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// It is not known who should be able to do what.
    #[error(transparent)]
    Access(#[from] crate::access::ExpectedError),
    /// It is not known who should reach whom.
    #[error(transparent)]
    Reachability(#[from] crate::reachability::ExpectedError),
    /// It is not known what mutants are tried against.
    #[error(transparent)]
    Checks(#[from] crate::mutation::ChecksError),
    /// It is not known which mutants may live.
    #[error(transparent)]
    Survivors(#[from] crate::mutation::SurvivorsError),
    /// A policy cannot be judged.
    #[error(transparent)]
    Policy(#[from] Unreadable),
    /// Nobody is called so.
    #[error("nobody is called `{asked}`; there are: {known}")]
    NoSuchPlace {
        /// What was asked for.
        asked: String,
        /// What could have been asked for.
        known: String,
    },
    /// There are no cases to try.
    #[error(transparent)]
    Trials(#[from] TrialsError),
    /// The verdict cannot be written.
    #[error("the answer cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Agrees => Self::SUCCESS,
            Verdict::Differs => Self::FAILURE,
        }
    }
}

/// Writes a line for each difference.
///
/// # Errors
/// When it cannot be written.
pub fn report(differences: &[String], out: &mut impl io::Write) -> io::Result<Verdict> {
    for difference in differences {
        writeln!(out, "{difference}")?;
    }
    Ok(if differences.is_empty() {
        Verdict::Agrees
    } else {
        Verdict::Differs
    })
}
