//! What can be asked of the program.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  promote app invoice-app build local    the image that passed the tests last, onto the local cluster
  promote app invoice-app local dev      what runs in local, as a commit for dev

Exit codes: 0 promoted, or there was nothing to promote; 1 refused, with the reason and what to do next.";

/// Writes the digest that runs in one environment into another's overlay, as one commit on the deployment
/// branch, with the digest of what looks at it after each sync.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
pub struct Options {
    /// What to do
    #[command(subcommand)]
    pub action: Action,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Promote an app's image
    App(Order),
    /// Note the images that run in the deployment under test as tested: `build` of a promotion
    RecordTested(Record),
}

/// Which app's image goes from where to where.
#[derive(Args, Clone, Debug)]
pub struct Order {
    /// A folder of kustomize/apps
    pub app: String,
    /// `build`, or an environment of environments.yaml
    pub from: String,
    /// An environment of environments.yaml
    pub to: String,
    /// The clone of the repository
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub root: PathBuf,
    /// The repository with the deployment branch. Else `GIT_SERVER`/invoice-platform.git, else the one
    /// that ./deploy.sh recorded, else the clone's own remote
    #[arg(long, value_name = "URL", env = "DEPLOY_REPOSITORY")]
    pub repository: Option<String>,
    /// A git server whose repository invoice-platform.git has the deployment branch
    #[arg(long, value_name = "URL", env = "GIT_SERVER", hide = true)]
    pub git_server: Option<String>,
    /// The deployment branch
    #[arg(long, value_name = "NAME", default_value = "deploy")]
    pub branch: String,
    /// Promote what did not pass all tests, or of which nobody knows; the commit names the reason
    #[arg(long, value_name = "REASON", value_parser = one_line)]
    pub without_evidence: Option<String>,
    /// How long to wait until it has arrived, where TO has a cluster with Argo CD; 0 does not wait
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub wait: u64,
}

/// What was tested.
#[derive(Args, Clone, Debug)]
pub struct Record {
    /// The clone of the repository
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub root: PathBuf,
    /// Which tests passed
    #[arg(long, value_name = "PART", default_value = "all")]
    pub parts: Vec<String>,
}

/// A trailer is one line, and an empty reason is none.
fn one_line(text: &str) -> Result<String, String> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        return Err(String::from("say why it may go on without"));
    }
    Ok(line)
}
