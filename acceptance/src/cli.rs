//! What can be asked of the program.

use std::path::PathBuf;

use clap::Parser;

const EXAMPLES: &str = "\
Examples:
  acceptance                    every check, against what ./deploy.sh deployed
  acceptance --list             the checks, in the order in which they run
  acceptance --only stranger    the checks with `stranger` in their name

Exit codes: 0 all passed, 1 a check failed, 2 nothing is deployed or it cannot be asked, 130 interrupted.
One run at a time for each deployment: a run removes what an earlier one left behind.
Colour is used on a terminal, unless NO_COLOR is set.";

/// Tests a running deployment from the outside: pays invoices, restarts and kills what runs, and sees that
/// each invoice was charged once. A cluster is also tested for who may reach payment-provider.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
pub struct Options {
    /// Where the deployment is: the file that ./deploy.sh writes
    #[arg(long, value_name = "FILE", default_value = ".deploy/target.json")]
    pub target: PathBuf,
    /// Run only the checks whose name contains PATTERN
    #[arg(long, value_name = "PATTERN")]
    pub only: Option<String>,
    /// List the checks and what each is about, and end
    #[arg(long)]
    pub list: bool,
}
