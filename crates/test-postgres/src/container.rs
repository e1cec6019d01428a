//! PostgreSQL in a container, for machines where it is not installed.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::keeper::Keeper;

const IMAGE: &str = "docker.io/library/postgres:18";

/// The engine shows the progress of fetching the image, which can take minutes.
const SCRIPT: &str = r#"
engine=$1 port=$2 image=$3
container=$("$engine" create --publish "127.0.0.1:$port:5432" --env POSTGRES_HOST_AUTH_METHOD=trust "$image" -c fsync=off -c max_connections=200) || exit
trap '"$engine" rm --force --volumes "$container"' EXIT
start() { "$engine" start "$container"; }
stop() { "$engine" stop "$container"; }
"#;

/// A container engine that answers; a docker client without an engine is common.
#[derive(Debug)]
pub(crate) struct Engine(PathBuf);

impl Engine {
    pub(crate) fn find() -> Option<Self> {
        ["docker", "podman"]
            .into_iter()
            .map(PathBuf::from)
            .find(|engine| answers(engine))
            .map(Self)
    }

    /// Makes a server's container, and runs it.
    pub(crate) fn keep(&self, port: u16) -> io::Result<Option<Keeper>> {
        let engine = self.0.display().to_string();
        let shell = Command::new("sh");
        Keeper::spawn(shell, SCRIPT, &[&engine, &port.to_string(), IMAGE])
    }
}

fn answers(engine: &Path) -> bool {
    Command::new(engine)
        .arg("info")
        .output()
        .is_ok_and(|info| info.status.success())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// An engine that writes down what it is asked for.
    fn stand_in(folder: &Path) -> Engine {
        let program = folder.join("docker");
        let calls = folder.join("calls");
        let script = format!(
            "#!/bin/sh\necho \"$*\" >>'{}'\necho 0123abcd\n",
            calls.display()
        );
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Engine(program)
    }

    #[test]
    fn a_container_is_made_stopped_started_again_and_removed() {
        let folder = std::env::temp_dir().join(format!("stand-in-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let engine = stand_in(&folder);
        assert!(answers(&engine.0));
        let mut keeper = engine.keep(5000).unwrap().unwrap();
        keeper.tell("stop").unwrap();
        keeper.tell("start").unwrap();
        drop(keeper);
        let calls = fs::read_to_string(folder.join("calls")).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        let calls: Vec<_> = calls.lines().collect();
        assert_eq!(calls[0], "info");
        assert!(
            calls[1].starts_with("create --publish 127.0.0.1:5000:5432 "),
            "{calls:?}"
        );
        let rest = [
            "start 0123abcd",
            "stop 0123abcd",
            "start 0123abcd",
            "stop 0123abcd",
            "rm --force --volumes 0123abcd",
        ];
        assert_eq!(calls[2..], rest);
    }

    #[test]
    fn a_client_without_an_engine_does_not_answer() {
        assert!(!answers(Path::new("false")));
        assert!(!answers(Path::new("there-is-no-such-engine")));
    }

    #[test]
    fn an_engine_that_cannot_make_the_container_is_not_waited_for() {
        assert!(Engine("false".into()).keep(5000).unwrap().is_none());
    }
}
