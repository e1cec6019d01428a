//! A shell that runs a server for as long as the test process lives.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// Runs the functions that its input names, line by line. The input ends however the test process
/// ends; then the server is stopped and removed.
const LOOP: &str = "
start
while read -r word; do \"$word\"; done
stop
remove
";

/// Stops and removes its server when dropped.
#[derive(Debug)]
pub(crate) struct Keeper(Child);

impl Keeper {
    /// `shell` runs a script, which defines the functions `start`, `stop` and `remove` over its
    /// arguments.
    pub(crate) fn spawn(mut shell: Command, script: &str, arguments: &[&str]) -> io::Result<Self> {
        shell
            .args(["-c", &format!("{script}{LOOP}"), "sh"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            // A group of its own: Ctrl-C ends the tests, and the keeper cleans up after them.
            .process_group(0)
            .spawn()
            .map(Self)
    }

    /// Has it run one of its functions.
    pub(crate) fn tell(&mut self, word: &str) -> io::Result<()> {
        let input = self.0.stdin.as_mut();
        let input = input.ok_or_else(|| io::Error::from(io::ErrorKind::BrokenPipe))?;
        writeln!(input, "{word}")
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.0.stdin.take()); // Its input ends, and with it the server.
        let _ = self.0.wait(); // A keeper that is gone already has nothing left to stop.
    }
}
