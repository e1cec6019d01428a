//! PostgreSQL's programs of this machine.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::keeper::Keeper;

/// The shell makes the data itself, so that they are removed whenever the tests are killed.
const SCRIPT: &str = r#"
programs=$1 port=$2
data=$(mktemp -d -t test-postgres.XXXXXX) || exit
trap 'rm -rf "$data"' EXIT
"$programs/initdb" --no-sync --auth=trust --username=postgres --encoding=UTF8 --no-locale -D "$data" || exit
start() {
  "$programs/postgres" -D "$data" -k "$data" -p "$port" -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200 >>"$data/log" 2>&1 &
  server=$!
}
stop() { kill -INT "$server" 2>/dev/null; wait "$server"; }
"#;

/// PostgreSQL's server programs, and the user that they run as.
#[derive(Debug)]
pub(crate) struct Programs {
    folder: PathBuf,
    user: Option<&'static str>,
}

impl Programs {
    pub(crate) fn find() -> Option<Self> {
        let complete = |folder: &PathBuf| {
            ["initdb", "postgres"]
                .iter()
                .all(|program| folder.join(program).is_file())
        };
        Some(Self {
            folder: candidates().into_iter().find(complete)?,
            user: unprivileged_user(),
        })
    }

    /// Makes a server's data in a new folder, and runs the server.
    pub(crate) fn keep(&self, port: u16) -> io::Result<Option<Keeper>> {
        let programs = self.folder.display().to_string();
        let shell = self.command(Path::new("sh"));
        Keeper::spawn(shell, SCRIPT, &[&programs, &port.to_string()])
    }

    /// A command that runs as the unprivileged user, if one is needed.
    fn command(&self, program: &Path) -> Command {
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
