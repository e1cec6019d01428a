//! One process for one SQLite file.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file cannot be had for this process alone.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error(
        "another process uses {0}. Stop it first: SQLite has one writer, for more use PostgreSQL"
    )]
    Taken(PathBuf),
    /// The lock file cannot be made.
    #[error("{path} cannot be written: {source}")]
    Io {
        /// The lock file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Held for as long as the database is open; the operating system frees it with the process.
#[derive(Debug, Clone)]
pub struct SqliteLock {
    _file: Arc<File>,
}

impl SqliteLock {
    pub(super) fn take(database: &Path) -> Result<Self, LockError> {
        // One file has one lock, whatever the links that lead to it.
        let database = database.canonicalize().unwrap_or(database.to_owned());
        let mut path = database.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        let file = File::create(&path).map_err(|source| LockError::Io {
            path: path.clone(),
            source,
        })?;
        match file.try_lock() {
            Ok(()) => Ok(Self {
                _file: Arc::new(file),
            }),
            Err(TryLockError::WouldBlock) => Err(LockError::Taken(database)),
            Err(TryLockError::Error(source)) => Err(LockError::Io { path, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_refused_until_the_first_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("x.db");
        let first = SqliteLock::take(&database).unwrap();
        assert!(matches!(
            SqliteLock::take(&database),
            Err(LockError::Taken(_))
        ));
        drop(first);
        assert!(SqliteLock::take(&database).is_ok());
    }

    #[test]
    fn a_link_leads_to_the_same_lock() {
        let folder = tempfile::tempdir().unwrap();
        let (database, link) = (folder.path().join("x.db"), folder.path().join("link.db"));
        File::create(&database).unwrap();
        std::os::unix::fs::symlink(&database, &link).unwrap();
        let _first = SqliteLock::take(&database).unwrap();
        assert!(matches!(SqliteLock::take(&link), Err(LockError::Taken(_))));
    }
}
