//! A shell that runs a server for as long as the test process lives.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// What the programs print is not for the tests to read; and a test process that is gone must not
/// end the shell before it has cleaned up.
const PREPARE: &str = "exec 3>&1 >/dev/null; trap '' PIPE\n";

/// Runs the functions that its input names, line by line. The input ends however the test process
/// ends; then the server is stopped and, by the script's trap, removed.
const LOOP: &str = r#"
echo made 2>/dev/null >&3
exec 3>&-
start
while read -r word; do "$word"; done
stop
"#;

/// Stops and removes its server when dropped.
#[derive(Debug)]
pub(crate) struct Keeper(Child);

impl Keeper {
    /// `shell` runs a script, which makes a server from its arguments, sets a trap that removes it
    /// at the end, and defines the functions `start` and `stop`. However long it takes to make the
    /// server, this awaits it; `None`: it could not be made, and standard error says why.
    pub(crate) fn spawn(
        mut shell: Command,
        script: &str,
        arguments: &[&str],
    ) -> io::Result<Option<Self>> {
        let mut child = shell
            .args(["-c", &format!("{PREPARE}{script}{LOOP}"), "sh"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A group of its own: Ctrl-C ends the tests, and the keeper cleans up after them.
            .process_group(0)
            .spawn()?;
        let output = child.stdout.take();
        let keeper = Self(child);
        let mut made = String::new();
        BufReader::new(output.ok_or(io::ErrorKind::BrokenPipe)?).read_line(&mut made)?;
        Ok((!made.is_empty()).then_some(keeper))
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
