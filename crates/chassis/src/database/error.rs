//! What can go wrong with a database, as far as a caller can do something about it.

use crate::problem::Problem;

/// A statement did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The database cannot be reached, is starting or stopping, or is too busy: trying again helps.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// Everything else: a fault of this program or of the data.
    #[error("the database refused a statement")]
    Unexpected(#[source] sqlx::Error),
}

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        if is_unavailable(&error) {
            Self::Unavailable(error)
        } else {
            Self::Unexpected(error)
        }
    }
}

impl From<DatabaseError> for Problem {
    fn from(error: DatabaseError) -> Self {
        match &error {
            DatabaseError::Unavailable(_) => Self::unavailable(&error),
            DatabaseError::Unexpected(_) => Self::internal(&error),
        }
    }
}

/// Whether a statement failed because a unique constraint or index says that there can be only one.
#[must_use]
pub fn is_unique_violation(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(database) if database.is_unique_violation())
}

pub(super) fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(database) => database.code().is_some_and(|code| is_passing(&code)),
        _ => false,
    }
}

/// SQLSTATE classes of PostgreSQL's appendix A (08 connection, 25P03 and 57 the server ended it,
/// 53 resources, 55P03 lock not available, 40 rolled back, 28 who am I: a password that is being
/// changed) and SQLite's primary result codes 5 BUSY, 6 LOCKED, 10 IOERR, 13 FULL, 14 CANTOPEN.
fn is_passing(code: &str) -> bool {
    const SQLSTATE_LENGTH: usize = 5; // SQLite's codes are shorter.
    if code.len() == SQLSTATE_LENGTH {
        return ["08", "28", "40", "53", "57"]
            .iter()
            .any(|class| code.starts_with(class))
            || code == "25P03"
            || code == "55P03";
    }
    let primary = code.parse::<u32>().map(|code| code & 0xff);
    matches!(primary, Ok(5 | 6 | 10 | 13 | 14))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_is_told_from_what_does_not() {
        for code in [
            "08006", "57P01", "57P03", "53300", "40001", "28P01", "55P03", "57014", "5", "261",
            "517", "14",
        ] {
            assert!(is_passing(code), "{code}");
        }
        for code in ["23505", "42P01", "22003", "1", "19", "2067", "1555"] {
            assert!(!is_passing(code), "{code}");
        }
    }
}
