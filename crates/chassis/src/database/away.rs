//! Why a database is away. A pool only knows that time ran out: it tries again while a server refuses.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, Error};

use super::Database;

/// Asked for by readiness, which has an answer to give within two seconds.
const TRY_FOR: Duration = Duration::from_millis(500);

impl Database {
    /// In a few words why a statement got no answer: what went wrong, or what a connection outside of the pool
    /// meets. Passwords are in neither.
    pub(super) async fn why_away(&self, error: &Error) -> String {
        match (self, error) {
            (Self::Postgres(pool), Error::PoolTimedOut) => {
                why_refused(&pool.connect_options()).await
            }
            (_, Error::PoolTimedOut) => String::from("no answer in time"),
            (_, other) => in_its_words(other),
        }
    }
}

async fn why_refused(options: &PgConnectOptions) -> String {
    let place = place(options);
    match tokio::time::timeout(TRY_FOR, PgConnection::connect_with(options)).await {
        Ok(Ok(connection)) => {
            let _ = connection.close().await; // It has told what it was made for.
            format!("no answer in time, though {place} takes a new connection")
        }
        Ok(Err(error)) => format!("{place}: {}", in_its_words(&error)),
        Err(_) => format!("{place}: no answer within {TRY_FOR:?}"),
    }
}

fn place(options: &PgConnectOptions) -> String {
    options.get_socket().map_or_else(
        || format!("{}:{}", options.get_host(), options.get_port()),
        |socket| socket.display().to_string(),
    )
}

/// Without the words that say which kind of error it is.
fn in_its_words(error: &Error) -> String {
    match error {
        Error::Io(error) => error.to_string(),
        Error::Database(error) => error.message().to_owned(),
        other => other.to_string(),
    }
}
