//! Bringing the database to the shape that the program expects.

use std::time::Duration;

use sqlx::migrate::Migrator;

use super::error::is_unavailable;
use super::{Database, DatabaseError};

const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(2);

/// The database cannot be brought to the shape that the program expects.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A newer program has been here.
    #[error(
        "the database is newer than this program: it has migration {0}. Run the newer version of the program"
    )]
    Newer(i64),
    /// A migration was edited after it was applied.
    #[error("migration {0} of the database is not the one that this program has")]
    Different(i64),
    /// A migration failed.
    #[error("the database cannot be migrated")]
    Failed(#[source] sqlx::migrate::MigrateError),
    /// The first rows could not be written.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Database {
    /// Applies what is missing, under a lock, so that replicas which start together do it once.
    /// While the database is away, it waits.
    ///
    /// # Errors
    /// [`MigrateError`] when waiting would not help.
    pub async fn migrate(&self, migrations: &Migrator) -> Result<(), MigrateError> {
        self.when_available(|| async move {
            let outcome = match self {
                Self::Sqlite(pool, _) => migrations.run(pool).await,
                Self::Postgres(pool) => migrations.run(pool).await,
            };
            outcome.map_err(judge)
        })
        .await
    }

    /// Does `work`, again and again while the database is away.
    ///
    /// # Errors
    /// Those of `work` that do not pass by themselves.
    pub async fn when_available<T, E, F>(&self, work: impl Fn() -> F) -> Result<T, MigrateError>
    where
        E: Into<MigrateError>,
        F: Future<Output = Result<T, E>>,
    {
        let mut pause = FIRST_RETRY;
        loop {
            let error = match work().await {
                Ok(done) => return Ok(done),
                Err(error) => error.into(),
            };
            let MigrateError::Database(DatabaseError::Unavailable(away)) = error else {
                return Err(error);
            };
            let why = self.why_away(&away).await;
            tracing::warn!(error = why, "waiting for the database");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LAST_RETRY);
        }
    }
}

fn judge(error: sqlx::migrate::MigrateError) -> MigrateError {
    use sqlx::migrate::MigrateError as Sqlx;
    match error {
        Sqlx::VersionMissing(version) => MigrateError::Newer(version),
        Sqlx::VersionMismatch(version) => MigrateError::Different(version),
        Sqlx::Execute(source) | Sqlx::ExecuteMigration(source, _) if is_unavailable(&source) => {
            MigrateError::Database(DatabaseError::Unavailable(source))
        }
        other => MigrateError::Failed(other),
    }
}
