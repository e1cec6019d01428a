//! The database: SQLite inside the program, or PostgreSQL, by `DATABASE_URL`.

mod away;
mod backend;
mod error;
mod migrate;
mod sqlite_lock;

use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

pub use backend::Backend;
pub use error::{DatabaseError, is_unique_violation};
pub use migrate::MigrateError;
pub use sqlite_lock::LockError;

use crate::config::Secret;
use sqlite_lock::SqliteLock;

/// Waiting longer for a free connection means that the database is away or overloaded.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
const PING_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a writer waits for the one before it.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);

crate::settings! {
    /// The database that holds a service's state.
    pub struct DatabaseSettings {
        /// The database: sqlite:FILE (made if it is not there), or postgres://user:password@host:port/name.
        pub database_url: Secret,
        /// How many connections to keep at most.
        pub database_max_connections: NonZeroU32 = "10",
    }
}

/// A pool of connections to one of the two kinds of database.
#[derive(Debug, Clone)]
pub enum Database {
    /// A file of this process alone.
    Sqlite(SqlitePool, SqliteLock),
    /// A server that many replicas share.
    Postgres(PgPool),
}

/// `DATABASE_URL` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It names neither of the two kinds.
    #[error("DATABASE_URL is wrong: it must begin with sqlite: or postgres://")]
    Scheme,
    /// Its kind is known, but not the rest. The source may repeat parts of the URL, so it stays out.
    #[error("DATABASE_URL is wrong: the part after {0} cannot be read")]
    Url(&'static str),
    /// It names no file, so what is written would be lost with the process, or even sooner.
    #[error("DATABASE_URL is wrong: it must name a file, as in sqlite:FILE")]
    NoFile,
    /// It names a folder, which no waiting turns into a file.
    #[error(
        "DATABASE_URL is wrong: {0} is a folder; name a file in it, as in sqlite:{0}/service.db"
    )]
    Folder(String),
    /// The file is in use.
    #[error("DATABASE_URL: {0}")]
    Lock(#[from] LockError),
}

impl Database {
    /// A pool that connects when it is first used, so that a database that is away delays the
    /// service instead of ending it.
    ///
    /// # Errors
    /// [`OpenError`] when the URL is wrong or the SQLite file belongs to another process.
    pub fn open(settings: &DatabaseSettings) -> Result<Self, OpenError> {
        let url = settings.database_url.expose();
        let max_connections = settings.database_max_connections.get();
        if url.starts_with("sqlite:") {
            return Self::open_sqlite(url, max_connections);
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Self::open_postgres(url, max_connections);
        }
        Err(OpenError::Scheme)
    }

    fn open_sqlite(url: &str, max_connections: u32) -> Result<Self, OpenError> {
        let options = SqliteConnectOptions::from_str(url).map_err(|_| OpenError::Url("sqlite:"))?;
        let in_memory = url.contains(":memory:") || url.contains("mode=memory");
        if in_memory || options.get_filename().as_os_str().is_empty() {
            return Err(OpenError::NoFile);
        }
        let file = options.get_filename();
        if file.is_dir() {
            return Err(OpenError::Folder(file.display().to_string()));
        }
        let lock = SqliteLock::take(options.get_filename())?;
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What was answered must outlive a power cut, so every commit reaches the disk.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new()
            .max_connections(max_connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(IDLE_TIMEOUT)
            .connect_lazy_with(options);
        Ok(Self::Sqlite(pool, lock))
    }

    fn open_postgres(url: &str, max_connections: u32) -> Result<Self, OpenError> {
        let options = PgConnectOptions::from_str(url).map_err(|_| OpenError::Url("postgres://"))?;
        let options = options.options([
            // That a table is there already, as migrations ask each time, is nothing for the log.
            ("client_min_messages", "warning"),
            // The server ends what a lost client left behind: locks and open transactions.
            ("statement_timeout", "10s"),
            ("lock_timeout", "5s"),
            ("idle_in_transaction_session_timeout", "10s"),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(max_connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(IDLE_TIMEOUT)
            .connect_lazy_with(options);
        Ok(Self::Postgres(pool))
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// In a few words why not, for the readiness check.
    pub async fn ping(&self) -> Result<(), String> {
        let ping = async {
            match self {
                Self::Sqlite(pool, _) => sqlx::query("select 1").execute(pool).await.map(|_| ()),
                Self::Postgres(pool) => sqlx::query("select 1").execute(pool).await.map(|_| ()),
            }
        };
        match tokio::time::timeout(PING_TIMEOUT, ping).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.why_away(&error).await),
            Err(_) => Err(self.why_away(&sqlx::Error::PoolTimedOut).await),
        }
    }

    /// Closes all connections, after what they are doing.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(pool, _) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Settings};

    fn refusal(url: &str) -> String {
        let settings = DatabaseSettings::read(&Environment::of([("DATABASE_URL", url)])).unwrap();
        Database::open(&settings).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_database_is_refused_without_repeating_the_password() {
        for url in [
            "mysql://service:hunter2@localhost/x",
            "postgres://service:hunter2@localhost:port/x",
            "sqlite:x.db?password=hunter2",
        ] {
            let refusal = refusal(url);
            assert!(refusal.starts_with("DATABASE_URL is wrong: "), "{refusal}");
            assert!(!refusal.contains("hunter2"), "{refusal}");
        }
    }

    #[test]
    fn a_database_in_memory_is_refused() {
        for url in [
            "sqlite::memory:",
            "sqlite:x?mode=memory",
            "sqlite:",
            "sqlite://",
        ] {
            assert!(refusal(url).contains("it must name a file"), "{url}");
        }
    }

    #[test]
    fn a_folder_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let refusal = refusal(&format!("sqlite:{}", folder.path().display()));
        assert!(
            refusal.contains("is a folder; name a file in it"),
            "{refusal}"
        );
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        assert!(refusal("sqlite:/no/such/folder/x.db").contains("/no/such/folder/x.db.lock"));
    }
}
