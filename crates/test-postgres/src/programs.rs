//! Where PostgreSQL's programs are, and as whom they may run.

use std::path::{Path, PathBuf};
use std::process::Command;

/// PostgreSQL is not installed here.
#[derive(Debug, thiserror::Error)]
#[error(
    "these tests need PostgreSQL's server programs (initdb, postgres), which are neither in \
     POSTGRES_BIN, nor on the PATH, nor in a folder where packages put them. Install them: \
     apt-get install postgresql, dnf install postgresql-server, brew install postgresql@18"
)]
pub struct NotFound;

/// PostgreSQL's programs, and the user that they run as.
#[derive(Debug)]
pub(crate) struct Programs {
    folder: PathBuf,
    user: Option<&'static str>,
}

impl Programs {
    pub(crate) fn find() -> Result<Self, NotFound> {
        let folder = candidates()
            .into_iter()
            .find(|folder| folder.join("initdb").is_file());
        Ok(Self {
            folder: folder.ok_or(NotFound)?,
            user: unprivileged_user(),
        })
    }

    pub(crate) fn path(&self, program: &str) -> PathBuf {
        self.folder.join(program)
    }

    /// A command that runs as the unprivileged user, if one is needed.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let Some(user) = self.user else {
            return Command::new(program);
        };
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid", user, "--regid", user, "--clear-groups", "--"])
            .arg(program);
        command
    }
}

fn candidates() -> Vec<PathBuf> {
    let chosen = std::env::var_os("POSTGRES_BIN").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut packaged: Vec<_> = ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"]
        .into_iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    packaged.sort();
    packaged.reverse(); // The newest first.
    chosen
        .into_iter()
        .chain(std::env::split_paths(&path))
        .chain(packaged)
        .collect()
}

/// PostgreSQL refuses to run as root.
fn unprivileged_user() -> Option<&'static str> {
    let id = Command::new("id").arg("-u").output().ok()?;
    if id.stdout.trim_ascii() != b"0" {
        return None;
    }
    let exists = |user: &&str| {
        Command::new("id")
            .arg(user)
            .output()
            .is_ok_and(|id| id.status.success())
    };
    ["postgres", "nobody"].into_iter().find(exists)
}
