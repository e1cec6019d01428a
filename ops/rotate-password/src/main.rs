//! The program `rotate-password`.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    match rotate_password::run(&rotate_password::cli::Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when standard error is closed.
            let _ = writeln!(std::io::stderr(), "rotate-password: {error}");
            ExitCode::FAILURE
        }
    }
}
