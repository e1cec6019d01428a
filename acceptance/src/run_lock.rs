//! One run at a time: each removes what carries acceptance's label, whoever put it there.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// Keeps other runs away from a target for as long as it lives, and no longer than its process.
#[derive(Debug)]
pub(crate) struct RunLock {
    #[allow(dead_code)] // It is held, not read.
    file: File,
}

/// Why the lock was not got.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LockError {
    /// Another run holds it.
    #[error("Another acceptance run is going on for {0}. Wait until it ends, then run this again.")]
    Held(PathBuf),
    /// The lock's file cannot be used.
    #[error("{path} cannot be locked: {source}")]
    Refused {
        path: PathBuf,
        source: std::io::Error,
    },
}

/// Locks a file beside the target's.
pub(crate) fn take(target: &Path) -> Result<RunLock, LockError> {
    let path = target.with_extension("lock");
    let refused = |source| LockError::Refused {
        path: path.clone(),
        source,
    };
    let file = File::create(&path).map_err(refused)?;
    match file.try_lock() {
        Ok(()) => Ok(RunLock { file }),
        Err(TryLockError::WouldBlock) => Err(LockError::Held(target.to_owned())),
        Err(TryLockError::Error(source)) => Err(refused(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::{LockError, take};

    #[test]
    fn a_second_run_is_refused_until_the_first_ends() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target.json");
        let first = take(&target).unwrap();
        assert!(matches!(take(&target), Err(LockError::Held(_))));
        drop(first);
        take(&target).unwrap();
    }
}
