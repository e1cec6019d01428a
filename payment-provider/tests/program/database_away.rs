//! Why PostgreSQL is away, as the log and the readiness check say it.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use test_postgres::Postgres;

use crate::process::{Process, end_of, program, text};

const DEADLINE: Duration = Duration::from_secs(20);

/// Polls until it holds; the test fails when it never does.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < deadline, "not within {DEADLINE:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Connects, and has these statements done.
fn execute(url: &str, statements: String) -> Result<(), sqlx::Error> {
    let done = async {
        let mut connection = PgConnection::connect(url).await?;
        sqlx::raw_sql(AssertSqlSafe(statements))
            .execute(&mut connection)
            .await
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(done).map(drop)
}

/// `postgres://user@address/database`: the address.
fn address_of(url: &str) -> &str {
    let (_, rest) = url.split_once('@').unwrap();
    rest.split_once('/').unwrap().0
}

#[test]
fn while_it_is_stopped_readiness_says_why_each_time_and_the_log_once() {
    let mut server = Postgres::start().unwrap();
    let url = server.new_database();
    let process = Process::with(&[("DATABASE_URL", &url)]);
    assert_eq!(process.readiness(), (200, String::from("ok\n")));

    server.stop().unwrap();
    let refused = format!("{}: Connection refused", address_of(&url));
    let says_why = || {
        let (status, why) = process.readiness();
        status == 503 && why.contains(&refused)
    };
    eventually("readiness says why", says_why);
    for _ in 0..2 {
        assert!(says_why(), "{:?}", process.readiness());
    }

    server.start_again().unwrap();
    eventually("it is ready", || process.readiness().0 == 200);
    let (_, logged) = process.stop();
    let times = |words: &str| logged.lines().filter(|line| line.contains(words)).count();
    assert_eq!((times(&refused), times("ready again")), (1, 1), "{logged}");
}

#[test]
fn a_start_before_it_says_why_it_waits() {
    let mut server = Postgres::start().unwrap();
    let url = server.new_database();
    server.stop().unwrap();
    let waiting = first_lines(&url, "waiting for the database").pop().unwrap();
    let refused = format!("{}: Connection refused", address_of(&url));
    assert!(waiting.contains(&refused), "{waiting}");
}

#[test]
fn a_wrong_password_is_named_as_such_and_not_repeated() {
    let server = Postgres::start().unwrap();
    let url = server.new_database();
    let (_, database) = url.rsplit_once('/').unwrap();
    let with = |password: &str| url.replace("postgres@", &format!("guarded:{password}@"));
    let ask_for_a_password = format!(
        "create role guarded login password 'right';
         alter database {database} owner to guarded;
         do $$ begin execute format(
           'copy (values (''host all guarded all scram-sha-256''), (''host all all all trust'')) to %L',
           current_setting('hba_file')); end $$;
         select pg_reload_conf()"
    );
    execute(&url, ask_for_a_password).unwrap();
    eventually("it asks for a password", || {
        execute(&with("hunter2"), String::from("select 1")).is_err()
    });
    let waiting = first_lines(&with("hunter2"), "waiting for the database")
        .pop()
        .unwrap();
    assert!(
        waiting.contains("password authentication failed for user"),
        "{waiting}"
    );
    assert!(!waiting.contains("hunter2"), "{waiting}");
    let process = Process::with(&[("DATABASE_URL", &with("right"))]);
    assert_eq!(process.readiness().0, 200);
}

#[test]
fn a_database_that_the_server_does_not_have_ends_the_start_with_its_name() {
    let server = Postgres::start().unwrap();
    let url = server.new_database();
    let (place, _) = url.rsplit_once('/').unwrap();
    let ended = end_of(&mut program(&[(
        "DATABASE_URL",
        &format!("{place}/nowhere"),
    )]));
    assert_eq!(ended.status.code(), Some(1));
    let said = text(&ended.stderr);
    assert!(
        said.contains("database \"nowhere\" does not exist"),
        "{said}"
    );
}

#[test]
fn what_the_database_remarks_on_at_every_start_is_not_logged() {
    let url = Postgres::shared().new_database();
    for _ in 0..2 {
        let lines = first_lines(&url, "\"started\"");
        assert!(!lines.iter().any(|line| line.contains("sqlx")), "{lines:?}");
    }
}

/// Starts it, and ends it when it has said this. What it logged until then, with that line.
fn first_lines(url: &str, awaited: &str) -> Vec<String> {
    let mut child = program(&[("DATABASE_URL", url), ("LOG_FORMAT", "json")])
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut logged = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        logged.push(line.unwrap());
        if [awaited, "\"started\""]
            .iter()
            .any(|words| logged.last().unwrap().contains(words))
        {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!logged.is_empty(), "it ended");
    logged
}
