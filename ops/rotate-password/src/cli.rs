//! What can be asked of the program.

use clap::{Parser, Subcommand};

/// Gives an app another password for its database, without a request that fails: two logins take turns, and the one
/// before is ended when no pod uses it any more. Called by `./deploy.sh rotate-password APP`.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Options {
    /// The kube context of the cluster
    #[arg(long, value_name = "NAME")]
    pub context: String,
    /// Where the app runs
    #[arg(long, value_name = "NAME")]
    pub namespace: String,
    /// The app, e.g. invoice-app
    #[arg(long, value_name = "NAME")]
    pub app: String,
    /// The step
    #[command(subcommand)]
    pub step: Step,
}

/// The steps of a rotation, in order.
#[derive(Debug, Subcommand)]
pub enum Step {
    /// Finishes a rotation that was cut off, and prints the role whose turn it is
    Next,
    /// Gives the role a new password, and prints the Secret that names it
    Begin {
        /// As `next` printed it
        role: String,
    },
    /// Waits until the Secret names the role, replaces the pods, and ends the login before
    Finish {
        /// As `next` printed it
        role: String,
    },
}
