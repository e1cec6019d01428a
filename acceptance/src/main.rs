//! The program `acceptance`: tests what is deployed, from the outside.

use std::process::ExitCode;
use std::sync::Arc;

use acceptance::cli::Options;
use acceptance::report::{Console, complain};
use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let console = Arc::new(Console::standard());
    match acceptance::run(&Options::parse(), &console).await {
        Ok(ended) => ended.exit_code(),
        Err(error) => {
            complain(&mut std::io::stderr(), &error);
            error.exit_code()
        }
    }
}
