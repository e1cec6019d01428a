//! The program `promote`: the digest that runs in one environment becomes another's, by a commit.

use std::io;
use std::process::ExitCode;

use clap::Parser;
use promote::cli::{Action, Options};
use promote::{Tools, promote, record_tested};

fn main() -> ExitCode {
    let (tools, mut out) = (Tools::default(), io::stdout());
    let done = match Options::parse().action {
        Action::App(order) => promote(&order, &tools, &mut out),
        Action::RecordTested(order) => record_tested(&order, &tools, &mut out),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.complain(&mut io::stderr()),
    }
}
