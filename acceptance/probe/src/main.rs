//! The program of acceptance's probe pods: it listens where others should get through, it reaches out where
//! policies should or should not let it, and it takes a first look at each deployment.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use probe::{listen, reach, relay, smoke};

/// Listens on a port, reaches for addresses and says which answered, or looks whether invoice-app works.
#[derive(Parser)]
#[command(
    version,
    after_help = "Example: probe reach --wait 30s --allowed 10.0.0.7:8080 --denied 10.0.0.9:8082"
)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Answer 200 to every HTTP request, until ended.
    Listen {
        /// Port to listen on, on every address.
        #[arg(long)]
        port: u16,
    },
    /// Carry every connection to a port of the pod's own loopback on to a target, until ended.
    Relay {
        /// Port to listen on.
        #[arg(long)]
        port: u16,
        /// Where to carry them, `host:port`.
        #[arg(long)]
        to: String,
    },
    /// Connect to every target; print one line of JSON for each; end with exit code 0 when all were tried.
    Reach {
        /// How long targets that should answer are tried again, e.g. `30s`.
        #[arg(long, default_value = "30s", value_parser = probe::wait::parse)]
        wait: Duration,
        /// A target that should answer, `host:port`, `http://host[:port]/`, or `dns://host:port` for UDP.
        #[arg(long)]
        allowed: Vec<String>,
        /// A target that should stay silent; reported by the best that any of several tries got.
        #[arg(long)]
        denied: Vec<String>,
    },
    /// Ask invoice-app for its invoices and its description; end with exit code 0 when both are right.
    Smoke {
        /// Where it is, e.g. `http://invoice-app`.
        #[arg(long)]
        url: String,
        /// How long it is asked again, e.g. `30s`.
        #[arg(long, default_value = "30s", value_parser = probe::wait::parse)]
        wait: Duration,
    },
}

fn main() -> ExitCode {
    let done: Result<(), Box<dyn Error>> = match Arguments::parse().task {
        Task::Listen { port } => listen::forever(port).map_err(Into::into),
        Task::Relay { port, to } => relay::forever(port, &to).map_err(Into::into),
        Task::Reach {
            wait,
            allowed,
            denied,
        } => reach::all(&allowed, &denied, wait, &mut std::io::stdout().lock()).map_err(Into::into),
        Task::Smoke { url, wait } => smoke::check(&url, wait).map_err(Into::into),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => probe::fail(error.as_ref()),
    }
}
