//! One PostgreSQL server.

use std::io;
use std::net::TcpListener;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::container::Engine;
use crate::installed::Programs;
use crate::keeper::Keeper;
use crate::wire;

const DEADLINE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Neither PostgreSQL nor a container engine is here.
    #[error(
        "these tests need PostgreSQL: either its server programs (initdb, postgres) in POSTGRES_BIN, \
         on the PATH or where packages put them, or docker or podman with an engine that answers. \
         Install one: apt-get install postgresql, dnf install postgresql-server, brew install \
         postgresql@18"
    )]
    NotFound,
    /// The shell around it could not be run, or has ended.
    #[error("the shell that keeps PostgreSQL failed: {0}")]
    Shell(#[from] io::Error),
    /// It could not be made.
    #[error("PostgreSQL could not be made; standard error has its own words")]
    Failed,
    /// It does not answer.
    #[error("PostgreSQL did not answer within {DEADLINE:?}: {0}")]
    Silent(io::Error),
    /// It does not stop.
    #[error("PostgreSQL did not stop within {DEADLINE:?}")]
    Stubborn,
}

/// A running server, stopped and removed when dropped, or when the process ends.
#[derive(Debug)]
pub struct Postgres {
    port: u16,
    keeper: Keeper,
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
        static SHARED: OnceLock<Result<Postgres, StartError>> = OnceLock::new();
        match SHARED.get_or_init(Self::start) {
            Ok(server) => server,
            Err(error) => panic!("{error}"),
        }
    }

    /// Starts a server of one's own: by the programs of this machine, else in a container.
    ///
    /// # Errors
    /// [`StartError`] when there is none, or it does not start.
    pub fn start() -> Result<Self, StartError> {
        let port = free_port()?;
        let keeper = if let Some(programs) = Programs::find() {
            programs.keep(port)?
        } else {
            let engine = Engine::find().ok_or(StartError::NotFound)?;
            engine.keep(port)?
        };
        let server = Self {
            port,
            keeper: keeper.ok_or(StartError::Failed)?,
            databases: AtomicU32::new(0),
        };
        server.await_answer()?;
        Ok(server)
    }

    /// Makes an empty database and returns its URL.
    ///
    /// # Panics
    /// When the server refuses.
    #[must_use]
    #[allow(clippy::panic)] // For tests alone, and documented.
    pub fn new_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        wire::execute(self.port, &format!("create database {name}"))
            .unwrap_or_else(|error| panic!("no database could be made: {error}"));
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }

    /// Stops the server, whoever is connected. Its data stay, for [`Postgres::start_again`].
    ///
    /// # Errors
    /// [`StartError`] when it does not stop.
    pub fn stop(&mut self) -> Result<(), StartError> {
        self.keeper.tell("stop")?;
        let refuses = |port| std::net::TcpStream::connect(("127.0.0.1", port)).is_err();
        let deadline = Instant::now() + DEADLINE;
        while !refuses(self.port) {
            if Instant::now() > deadline {
                return Err(StartError::Stubborn);
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }

    /// Starts it again after [`Postgres::stop`], with the same data on the same port.
    ///
    /// # Errors
    /// [`StartError`] when it does not start.
    pub fn start_again(&mut self) -> Result<(), StartError> {
        self.keeper.tell("start")?;
        self.await_answer()
    }

    fn await_answer(&self) -> Result<(), StartError> {
        let deadline = Instant::now() + DEADLINE;
        while let Err(error) = wire::connect(self.port) {
            if Instant::now() > deadline {
                return Err(StartError::Silent(error));
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }
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
        assert!(wire::connect(port).is_ok());
        drop(server);
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    }

    #[test]
    fn data_outlast_a_stop() {
        let mut server = Postgres::start().unwrap();
        wire::execute(server.port, "create table kept ()").unwrap();
        server.stop().unwrap();
        assert!(wire::connect(server.port).is_err());
        server.start_again().unwrap();
        let again = wire::execute(server.port, "create table kept ()").unwrap_err();
        assert!(again.to_string().contains("already exists"), "{again}");
    }
}
