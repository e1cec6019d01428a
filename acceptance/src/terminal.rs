//! The terminal that a person reads.

use std::os::fd::AsFd;
use std::process::{Command, Stdio};

/// How many characters a line of the terminal on standard output has room for, if it says so.
pub(crate) fn columns() -> Option<usize> {
    let terminal = std::io::stdout().as_fd().try_clone_to_owned().ok()?;
    // It asks the terminal that it reads from.
    let mut stty = Command::new("stty");
    let said = stty
        .arg("size")
        .stdin(Stdio::from(terminal))
        .output()
        .ok()?;
    let said = String::from_utf8(said.stdout).ok()?;
    let columns = said.split_whitespace().nth(1)?.parse().ok()?;
    // A terminal that does not know says 0.
    (columns > 0).then_some(columns)
}
