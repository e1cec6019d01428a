//! What the two drivers do not share.

use sqlx::Database;

/// A driver that stores are written for. One body of queries serves both; here is the rest.
pub trait Backend: Database {
    /// Begins a transaction that will write. SQLite has one writer: it must say so at once, for a
    /// transaction that starts to write later can find that it may not.
    const BEGIN_WRITE: &'static str;

    /// How many rows a statement changed.
    fn rows_affected(result: &Self::QueryResult) -> u64;
}

impl Backend for sqlx::Sqlite {
    const BEGIN_WRITE: &'static str = "begin immediate";

    fn rows_affected(result: &Self::QueryResult) -> u64 {
        result.rows_affected()
    }
}

impl Backend for sqlx::Postgres {
    const BEGIN_WRITE: &'static str = "begin";

    fn rows_affected(result: &Self::QueryResult) -> u64 {
        result.rows_affected()
    }
}
