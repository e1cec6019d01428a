//! One PostgreSQL server.

use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::programs::{NotFound, Programs};

const START_DEADLINE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// Runs the server until its own input ends, which it does however the test process ends; then
/// removes the data.
const KEEPER: &str = r#""$1" -D "$2" -k "$2" -p "$3" -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200 >"$2/log" 2>&1 & server=$!; cat >/dev/null; kill -INT $server; wait $server; rm -rf "$2""#;

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// PostgreSQL is not installed.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// A program could not be run.
    #[error("{0} could not be run: {1}")]
    Run(&'static str, #[source] io::Error),
    /// A program failed.
    #[error("{0} failed: {1}")]
    Failed(&'static str, String),
    /// It does not answer.
    #[error("PostgreSQL did not answer within {START_DEADLINE:?}")]
    Silent,
}

/// A running server, stopped and removed when dropped.
#[derive(Debug)]
pub struct Postgres {
    programs: Programs,
    port: u16,
    keeper: Child,
    databases: AtomicU32,
}

impl Postgres {
    /// The server that all tests of this process share; each makes a database of its own.
    ///
    /// # Panics
    /// When there is none to be had, with the sentence that says why: a test that needs a database
    /// fails without one.
    #[must_use]
    #[allow(clippy::panic)] // For tests alone, and documented.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| Self::start().unwrap_or_else(|error| panic!("{error}")))
    }

    /// Starts a server of one's own.
    ///
    /// # Errors
    /// [`StartError`] when it cannot be found or does not start.
    pub fn start() -> Result<Self, StartError> {
        let programs = Programs::find()?;
        let data = data_folder(&programs)?;
        let mut initdb = programs.command(&programs.path("initdb"));
        initdb
            .args([
                "--no-sync",
                "--auth=trust",
                "--username=postgres",
                "--encoding=UTF8",
                "--no-locale",
                "-D",
            ])
            .arg(&data);
        run("initdb", &mut initdb)?;
        let port = free_port().map_err(|error| StartError::Run("postgres", error))?;
        let keeper = programs
            .command(Path::new("sh"))
            .args(["-c", KEEPER, "sh"])
            .args([
                programs.path("postgres"),
                data.into(),
                port.to_string().into(),
            ])
            .stdin(Stdio::piped())
            .spawn()
            .map_err(|error| StartError::Run("postgres", error))?;
        let server = Self {
            programs,
            port,
            keeper,
            databases: AtomicU32::new(0),
        };
        server.await_answer()?;
        Ok(server)
    }

    fn await_answer(&self) -> Result<(), StartError> {
        let deadline = Instant::now() + START_DEADLINE;
        let mut ask = self.client("pg_isready");
        while Instant::now() < deadline {
            if ask.output().is_ok_and(|answer| answer.status.success()) {
                return Ok(());
            }
            std::thread::sleep(POLL);
        }
        Err(StartError::Silent)
    }

    /// Makes an empty database and returns its URL.
    ///
    /// # Panics
    /// When the server refuses.
    #[must_use]
    #[allow(clippy::panic)] // For tests alone, and documented.
    pub fn new_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut createdb = self.client("createdb");
        createdb.arg(&name);
        run("createdb", &mut createdb).unwrap_or_else(|error| panic!("{error}"));
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }

    fn client(&self, program: &str) -> Command {
        let mut command = self.programs.command(&self.programs.path(program));
        command
            .args(["-h", "127.0.0.1", "-U", "postgres", "-p"])
            .arg(self.port.to_string());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take()); // Its input ends, and with it the server.
        let _ = self.keeper.wait(); // A keeper that is gone already has nothing left to stop.
    }
}

fn data_folder(programs: &Programs) -> Result<String, StartError> {
    let mut mktemp = programs.command(Path::new("mktemp"));
    run("mktemp", mktemp.args(["-d", "-t", "test-postgres.XXXXXX"]))
}

fn run(name: &'static str, command: &mut Command) -> Result<String, StartError> {
    let output = command
        .output()
        .map_err(|error| StartError::Run(name, error))?;
    if !output.status.success() {
        return Err(StartError::Failed(
            name,
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_gone_with_its_owner() {
        let server = Postgres::start().unwrap();
        let url = server.new_database();
        assert!(url.ends_with("/test_0"), "{url}");
        let port = server.port;
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        drop(server);
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    }
}
