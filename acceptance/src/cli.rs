//! What can be asked of the program.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  acceptance                    every check, against what ./deploy.sh deployed
  acceptance --list             the checks, in the order in which they run
  acceptance --only stranger    the checks with `stranger` in their name
  acceptance --require-all      the same as without, but a check that has nothing to look at fails
  acceptance chaos --for 30s    half a minute of faults under load

Exit codes: 0 all passed, 1 a check failed, 2 nothing is deployed or it cannot be asked, 130 interrupted.
One run at a time for each deployment: a run removes what an earlier one left behind.
Colour is used on a terminal, unless NO_COLOR is set.";

/// Tests a running deployment from the outside: pays invoices, restarts and kills what runs, and sees that
/// each invoice was charged once. A cluster is also tested for who may reach payment-provider.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
pub struct Options {
    /// Where the deployment is: the file that ./deploy.sh writes
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        default_value = ".deploy/target.json"
    )]
    pub target: PathBuf,
    /// Run only the checks whose name contains PATTERN
    #[arg(long, value_name = "PATTERN")]
    pub only: Option<String>,
    /// Fail a check that has nothing to look at here, instead of skipping it
    #[arg(long)]
    pub require_all: bool,
    /// Write the names of the checks that were skipped, one a line, for whoever says what was tested
    #[arg(long, value_name = "FILE")]
    pub skipped: Option<PathBuf>,
    /// List the checks and what each is about, and end
    #[arg(long)]
    pub list: bool,
    /// What to do in place of the checks
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What can be done in place of the checks.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum Command {
    /// Kills, restarts and cuts off what runs while it is paid, then compares the books
    Chaos(Storm),
}

/// How long, how hard, and in which order faults are made.
#[derive(Args, Clone, Copy, Debug)]
pub struct Storm {
    /// For how long, e.g. 2m
    #[arg(long = "for", value_name = "TIME", default_value = "2m", value_parser = probe::wait::parse)]
    pub lasts: Duration,
    /// The same seed makes the same faults in the same order; any if left out
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Requests a second
    #[arg(long, value_name = "NUMBER", default_value_t = crate::load::RATE)]
    pub rate: u32,
}

impl Default for Storm {
    fn default() -> Self {
        Self {
            lasts: Duration::from_mins(2),
            seed: None,
            rate: crate::load::RATE,
        }
    }
}
