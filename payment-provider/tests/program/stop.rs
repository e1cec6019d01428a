//! Signals.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::process::{Process, database_in};

/// A stop that waits for something that never comes takes all of `STOP_DEADLINE`.
const HALF_OF_STOP_DEADLINE: Duration = Duration::from_secs(10);

#[test]
fn sigterm_stops_it_at_once_when_there_is_nothing_to_finish() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::on(&database_in(&folder));
    let began = Instant::now();
    let (status, _) = process.stop();
    assert!(status.success(), "{status}");
    assert!(
        began.elapsed() < HALF_OF_STOP_DEADLINE,
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_second_signal_ends_it_with_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", database_in(&folder).display());
    let mut process = Process::with(&[
        ("DATABASE_URL", &url),
        ("STOP_PAUSE", "1h"),
        ("STOP_DEADLINE", "2h"),
    ]);
    process.signal("INT");
    assert_eq!(process.next_message(), "stopping");
    process.signal("INT");
    assert_eq!(process.await_end().code(), Some(1));
}

#[test]
fn nothing_is_left_on_its_port_after_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::on(&database_in(&folder));
    let address = process.address().to_owned();
    assert!(TcpStream::connect(&address).is_ok());
    process.stop();
    assert!(TcpStream::connect(&address).is_err());
}
