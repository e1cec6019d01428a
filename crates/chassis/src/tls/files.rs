//! The three files of one side's identity.

use std::io;
use std::path::{Path, PathBuf};

use super::material::MaterialError;
use super::{TlsError, all_or_none};

/// More than any chain of certificates has.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Where certificate, key and the authorities to trust are, each with the variable that says so.
#[derive(Debug, Clone)]
pub struct Files {
    pub(super) certificate: (&'static str, PathBuf),
    pub(super) key: (&'static str, PathBuf),
    pub(super) authorities: (&'static str, PathBuf),
}

/// What was in the files.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) certificate: Vec<u8>,
    pub(super) key: Vec<u8>,
    pub(super) authorities: Vec<u8>,
}

impl Files {
    /// The files that the variables name: all three, or none.
    ///
    /// # Errors
    /// [`TlsError::HalfConfigured`] when only some are set.
    pub fn of(
        certificate: (&'static str, Option<&Path>),
        key: (&'static str, Option<&Path>),
        authorities: (&'static str, Option<&Path>),
    ) -> Result<Option<Self>, TlsError> {
        let given = [certificate, key, authorities];
        all_or_none(&given.map(|(variable, path)| (variable, path.is_some())))?;
        let [Some(certificate), Some(key), Some(authorities)] =
            given.map(|(variable, path)| path.map(|path| (variable, path.to_owned())))
        else {
            return Ok(None);
        };
        Ok(Some(Self {
            certificate,
            key,
            authorities,
        }))
    }

    /// Reads them; blocks.
    pub(super) fn read(&self) -> Result<Contents, MaterialError> {
        Ok(Contents {
            certificate: read(&self.certificate)?,
            key: read(&self.key)?,
            authorities: read(&self.authorities)?,
        })
    }
}

fn read((variable, path): &(&'static str, PathBuf)) -> Result<Vec<u8>, MaterialError> {
    let bounded = || {
        if std::fs::metadata(path)?.len() > MAX_FILE_BYTES {
            return Err(io::Error::other("it is larger than a megabyte"));
        }
        std::fs::read(path)
    };
    bounded().map_err(|source| MaterialError::Unreadable {
        variable,
        path: path.clone(),
        source,
    })
}
