//! The program `proof`: what rendered manifests allow, and whether that is what was meant.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use proof::command::{access, admission, mutants, objects, reachability, why};

const AFTER_HELP: &str = "\
Exit codes: 0 the manifests agree with what is expected, 1 they differ, 2 they cannot be judged.
Nothing here needs a cluster: manifests are rendered by kubectl, which asks no API server for it.";

/// Computes what rendered manifests allow and compares it with what is expected.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// List the objects that an environment renders
    Objects(objects::Arguments),
    /// Try the admission policies on every case and on everything that is rendered
    Admission(admission::Arguments),
    /// Show who may do what, or compare it with access.yaml
    Access(access::Arguments),
    /// Who reaches whom, on which ports
    Reachability(reachability::Arguments),
    /// Change the manifests in one place after the other and see that each mutant is caught
    Mutants(mutants::Arguments),
    /// What lets one place reach another, or keeps it away
    Why(why::Arguments),
}

fn main() -> ExitCode {
    let out = &mut io::stdout().lock();
    let done = match Arguments::parse().task {
        Task::Objects(arguments) => objects::run(&arguments, out),
        Task::Admission(arguments) => admission::run(&arguments, out),
        Task::Access(arguments) => access::run(&arguments, out),
        Task::Reachability(arguments) => reachability::run(&arguments, out),
        Task::Mutants(arguments) => mutants::run(&arguments, out),
        Task::Why(arguments) => why::run(&arguments, out),
    };
    match done {
        Ok(verdict) => verdict.into(),
        Err(error) => {
            // Nobody is left to tell when standard error is closed.
            let _ = writeln!(io::stderr(), "proof: {error}");
            ExitCode::from(2)
        }
    }
}
