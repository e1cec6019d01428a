//! Arguments and variables.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::process::{Process, database_in, end_of, program, run, text};

#[test]
fn help_lists_every_variable() {
    let help = run(&[("LISTEN_ADDRESS", "nonsense")], &["--help"]);
    assert_eq!(help.status.code(), Some(0));
    let printed = text(&help.stdout);
    for variable in [
        "LISTEN_ADDRESS",
        "MANAGEMENT_ADDRESS",
        "KEEP_ALIVE",
        "MAX_CONNECTIONS",
        "MAX_BODY_BYTES",
        "REQUEST_TIMEOUT",
        "STOP_PAUSE",
        "STOP_DEADLINE",
        "DATABASE_URL",
        "DATABASE_MAX_CONNECTIONS",
        "LOG_FORMAT",
        "LOG_FILTER",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "CHARGE_LIMIT_MINOR",
    ] {
        assert!(
            printed.contains(&format!("  {variable} ")),
            "{variable}:\n{printed}"
        );
    }
    assert!(printed.contains("127.0.0.1:8082"), "{printed}");
}

#[test]
fn every_wrong_variable_is_named_and_ends_the_start() {
    for (name, value) in [
        ("LISTEN_ADDRESS", "nonsense"),
        ("MANAGEMENT_ADDRESS", "127.0.0.1"),
        ("KEEP_ALIVE", "0s"),
        ("MAX_CONNECTIONS", "0"),
        ("MAX_BODY_BYTES", "-1"),
        ("REQUEST_TIMEOUT", "30"),
        ("STOP_PAUSE", "soon"),
        ("STOP_PAUSE", "35s"),
        ("STOP_DEADLINE", "-1s"),
        ("DATABASE_URL", "mysql://localhost"),
        ("DATABASE_URL", "sqlite::memory:"),
        ("DATABASE_URL", "sqlite:/no/such/folder/x.db"),
        ("DATABASE_MAX_CONNECTIONS", "0"),
        ("LOG_FORMAT", "xml"),
        ("LOG_FILTER", "info=loud"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "not a url"),
        ("CHARGE_LIMIT_MINOR", "1.5"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let wrong = end_of(program(&[(name, value)]).current_dir(folder.path()));
        let said = text(&wrong.stderr);
        assert_eq!(wrong.status.code(), Some(78), "{name}={value}: {said}");
        assert!(said.contains(name), "{name}={value}: {said}");
    }
}

#[test]
fn a_value_that_is_not_utf_8_is_wrong() {
    let not_text = OsStr::from_bytes(b"sqlite:\xff.db");
    let wrong = end_of(program(&[]).env("DATABASE_URL", not_text));
    assert_eq!(wrong.status.code(), Some(78));
    let said = text(&wrong.stderr);
    assert!(
        said.contains("DATABASE_URL is wrong: it is not UTF-8"),
        "{said}"
    );
}

#[test]
fn an_argument_that_is_not_known_is_refused() {
    let refused = run(&[], &["--surprise"]);
    assert_eq!(refused.status.code(), Some(64));
    assert!(text(&refused.stderr).contains("--help"));
}

#[test]
fn a_port_that_is_taken_is_named_with_its_variable() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for variable in ["LISTEN_ADDRESS", "MANAGEMENT_ADDRESS"] {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", database_in(&folder).display());
        let refused = run(&[(variable, &address), ("DATABASE_URL", &url)], &[]);
        assert_eq!(refused.status.code(), Some(78));
        let said = text(&refused.stderr);
        let sentence = format!("{variable}: cannot listen on {address}; ");
        assert!(said.contains(&sentence), "{said}");
        assert_eq!(said.matches("in use").count(), 1, "{said}");
    }
}

#[test]
fn a_second_process_on_the_file_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let first = Process::on(&database_in(&folder));
    let url = format!("sqlite:{}", database_in(&folder).display());
    let second = run(&[("DATABASE_URL", &url)], &[]);
    assert_eq!(second.status.code(), Some(78));
    let said = text(&second.stderr);
    assert!(said.contains("another process uses"), "{said}");
    assert!(said.contains("Stop it first"), "{said}");
    assert_eq!(first.request("GET", "/v1/payments", "", "").0, 200);
}

#[test]
fn a_password_is_never_printed() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for url in [
        "postgres://service:hunter2@localhost:port/x".to_owned(),
        "hunter2".to_owned(),
        "postgres//service:hunter2@localhost/x".to_owned(),
        format!("postgres://service:hunter2@{closed}/x"),
    ] {
        let mut child = program(&[
            ("DATABASE_URL", &url),
            ("LOG_FILTER", "trace"),
            ("LOG_FORMAT", "json"),
        ])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
        // The one that waits for its database has said so when it is stopped.
        let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
        let (mut logged, mut line) = (String::new(), String::new());
        while std::io::BufRead::read_line(&mut output, &mut line).unwrap() > 0 {
            logged.push_str(&line);
            if line.contains("waiting for the database") || line.contains(r#""started""#) {
                child.kill().unwrap();
            }
            line.clear();
        }
        let ended = child.wait_with_output().unwrap();
        let said = logged + &text(&ended.stderr);
        assert!(!said.is_empty());
        assert!(!said.contains("hunter2"), "{said}");
    }
}
