//! A running payment-provider.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(10);

/// The program with no variable set but these.
pub fn program(variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_payment-provider"));
    command
        .env_clear()
        .env("LISTEN_ADDRESS", "127.0.0.1:0")
        .env("MANAGEMENT_ADDRESS", "127.0.0.1:0")
        .envs(variables.iter().copied());
    command
}

/// Runs it to its end.
pub fn run(variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    end_of(program(variables).args(arguments))
}

/// Runs a command that is expected to end soon; one that goes on serving fails the test.
pub fn end_of(command: &mut Command) -> Output {
    let command = command.stdin(Stdio::null());
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    let deadline = Instant::now() + DEADLINE;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            let output = child.wait_with_output().unwrap();
            panic!("it did not end: {}", text(&output.stdout));
        }
        std::thread::sleep(POLL);
    }
    child.wait_with_output().unwrap()
}

/// A process's log, an event a line.
pub fn events(log: &str) -> Vec<serde_json::Value> {
    let lines = log.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A process that serves; killed when dropped.
pub struct Process {
    child: Child,
    address: String,
    management: String,
    log: BufReader<std::process::ChildStdout>,
}

impl Process {
    /// Starts it on this database file and awaits that it has started.
    pub fn on(database: &Path) -> Self {
        let url = format!("sqlite:{}", database.display());
        Self::with(&[("DATABASE_URL", &url)])
    }

    /// Starts it with these variables and awaits that it has started.
    pub fn with(variables: &[(&str, &str)]) -> Self {
        let mut child = program(variables)
            .env("LOG_FORMAT", "json")
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap());
        let mut start = String::new();
        let (address, management) = loop {
            let mut line = String::new();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "it ended: {start}");
            start.push_str(&line);
            let event: serde_json::Value = serde_json::from_str(&line).unwrap();
            if event["message"] == "started" {
                let text = |name: &str| event[name].as_str().unwrap().to_owned();
                break (text("address"), text("management"));
            }
        };
        Self {
            child,
            address,
            management,
            log,
        }
    }

    /// Where its API listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The message of the next event that it logs.
    pub fn next_message(&mut self) -> String {
        let mut line = String::new();
        self.log.read_line(&mut line).unwrap();
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        event["message"].as_str().unwrap().to_owned()
    }

    /// Whether it is ready; status and body of the answer.
    pub fn readiness(&self) -> (u16, String) {
        ask(&self.management, "GET", "/readyz", "", "")
    }

    /// Sends one request; status and body of the answer.
    pub fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
        ask(&self.address, method, path, headers, body)
    }

    /// Ends it as a crash would: it cannot do anything about it.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    /// Asks it to stop; how it ended, and what it logged since its start.
    pub fn stop(mut self) -> (ExitStatus, String) {
        self.signal("TERM");
        let status = self.await_end();
        let mut logged = String::new();
        self.log.read_to_string(&mut logged).unwrap();
        (status, logged)
    }

    /// Awaits its end.
    pub fn await_end(&mut self) -> ExitStatus {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "it did not end");
            std::thread::sleep(POLL);
        }
    }
}

fn ask(address: &str, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n{headers}\r\n{body}"
    );
    let mut server = TcpStream::connect(address).unwrap();
    server.set_read_timeout(Some(DEADLINE)).unwrap();
    server.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    server.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    (status, body.to_owned())
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill(); // It may have ended already.
        let _ = self.child.wait();
    }
}

/// The path of a database in the folder.
pub fn database_in(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("payments.db")
}
