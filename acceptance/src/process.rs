//! A service as a process of this machine: started, stopped, paused and killed by its pid file.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::failure::{Failure, ensure};
use crate::poll;
use crate::target::Service;

/// More than a service's own deadline for stopping.
const STOP_WITHIN: Duration = Duration::from_secs(40);

/// A service as a process of this machine.
pub(crate) struct Process {
    pub(crate) name: &'static str,
    pub(crate) service: Service,
}

impl Process {
    /// The process's id, from its pid file.
    pub(crate) async fn pid(&self) -> Result<u32, Failure> {
        let path = &self.service.pid_file;
        let text = tokio::fs::read_to_string(path)
            .await
            .map_err(Failure::machine(format!("read {}", path.display())))?;
        text.trim().parse().map_err(|_| {
            Failure::wrong(format!(
                "{} holds `{}`, not a pid",
                path.display(),
                text.trim()
            ))
        })
    }

    /// Whether the process of the pid file runs this service's program: pids are used again.
    pub(crate) async fn is_alive(&self) -> Result<bool, Failure> {
        let pid = self.pid().await?;
        if !signal(pid, "-0").await? {
            return Ok(false);
        }
        let running = tokio::fs::read_link(format!("/proc/{pid}/exe")).await;
        // Without /proc the answer to the signal has to do.
        Ok(running.map_or(!Path::new("/proc/self").exists(), |path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(self.name))
        }))
    }

    /// Starts the program as `./deploy.sh` does, and writes the new pid to its pid file. It goes on when this
    /// program ends, and is not interrupted with it.
    pub(crate) async fn start(&self) -> Result<(), Failure> {
        let doing = || format!("start {}", self.service.program.display());
        let mut log = std::fs::OpenOptions::new();
        let log = log
            .append(true)
            .create(true)
            .open(&self.service.log_file)
            .map_err(Failure::machine(doing()))?;
        let mut child = Command::new(&self.service.program)
            .env_clear()
            .envs(&self.service.environment)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(Failure::machine(doing()))?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .map_err(Failure::machine(doing()))?;
        let pid = child
            .id()
            .ok_or_else(|| Failure::wrong(format!("{} ended at once", self.name)))?;
        let written = tokio::fs::write(&self.service.pid_file, format!("{pid}\n")).await;
        written.map_err(Failure::machine(format!(
            "write {}",
            self.service.pid_file.display()
        )))?;
        self.forget_taken_away().await?;
        // Somebody has to take note of its end, or it would look alive for as long as this program runs.
        tokio::spawn(async move { child.wait().await });
        Ok(())
    }

    /// Asks the process to stop and waits until it has.
    pub(crate) async fn stop(&self) -> Result<(), Failure> {
        self.end("-TERM").await
    }

    /// Ends the process at once, whatever it is doing.
    pub(crate) async fn kill(&self) -> Result<(), Failure> {
        self.end("-KILL").await
    }

    /// Lets the process do nothing until [`Self::go_on`].
    pub(crate) async fn pause(&self) -> Result<(), Failure> {
        self.send("-STOP").await
    }

    /// Lets a paused process go on; does nothing to one that is not.
    pub(crate) async fn go_on(&self) -> Result<(), Failure> {
        self.send("-CONT").await
    }

    /// Whether this or an earlier run ended the process and did not start it again.
    pub(crate) async fn was_taken_away(&self) -> Result<bool, Failure> {
        if !self.note().exists() {
            return Ok(false);
        }
        if self.is_alive().await? {
            self.forget_taken_away().await?;
            return Ok(false);
        }
        Ok(true)
    }

    /// The note that acceptance ended the process: a service that ended by itself is not started again.
    fn note(&self) -> PathBuf {
        self.service.pid_file.with_extension("ended-by-acceptance")
    }

    async fn forget_taken_away(&self) -> Result<(), Failure> {
        match tokio::fs::remove_file(self.note()).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Failure::machine(
                format!("remove {}", self.note().display()),
            )(error)),
            _ => Ok(()),
        }
    }

    async fn end(&self, name: &str) -> Result<(), Failure> {
        let noted = tokio::fs::write(self.note(), "").await;
        noted.map_err(Failure::machine(format!("write {}", self.note().display())))?;
        self.send(name).await?;
        poll::until(
            &format!("the end of {}", self.name),
            STOP_WITHIN,
            async || {
                ensure(!self.is_alive().await?, || {
                    format!("{} still runs", self.name)
                })
            },
        )
        .await
    }

    async fn send(&self, name: &str) -> Result<(), Failure> {
        let pid = self.pid().await?;
        ensure(signal(pid, name).await?, || {
            format!(
                "{} (pid {pid}) does not take signal {name}: it does not run",
                self.name
            )
        })
    }
}

/// Sends a signal by the shell's own `kill`; whether it arrived.
async fn signal(pid: u32, name: &str) -> Result<bool, Failure> {
    let mut shell = Command::new("sh");
    shell.args(["-c", "kill \"$1\" \"$2\"", "sh", name, &pid.to_string()]);
    let ended = shell
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await;
    Ok(ended.map_err(Failure::machine("send a signal"))?.success())
}

#[cfg(test)]
mod tests {
    use super::Process;
    use crate::target::Service;
    use std::collections::BTreeMap;

    /// A service of which only the pid file is looked at.
    fn service(folder: &tempfile::TempDir) -> Process {
        let path = |name: &str| folder.path().join(name);
        let service = Service {
            url: String::new(),
            management: String::new(),
            program: path("program"),
            pid_file: path("pid"),
            log_file: path("log"),
            environment: BTreeMap::new(),
        };
        Process {
            name: "some-service",
            service,
        }
    }

    #[tokio::test]
    async fn a_process_that_is_gone_is_not_alive() {
        let folder = tempfile::tempdir().unwrap();
        let process = service(&folder);
        std::fs::write(&process.service.pid_file, "4194300\n").unwrap();
        assert!(!process.is_alive().await.unwrap());
        assert!(process.go_on().await.is_err());
    }

    #[tokio::test]
    async fn another_program_under_the_same_pid_is_not_the_service() {
        let folder = tempfile::tempdir().unwrap();
        let process = service(&folder);
        std::fs::write(&process.service.pid_file, std::process::id().to_string()).unwrap();
        assert!(!process.is_alive().await.unwrap());
    }

    #[tokio::test]
    async fn a_process_that_ended_by_itself_was_not_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let process = service(&folder);
        std::fs::write(&process.service.pid_file, "4194300\n").unwrap();
        assert!(!process.was_taken_away().await.unwrap());
        assert!(process.kill().await.is_err());
        assert!(process.was_taken_away().await.unwrap());
    }

    #[tokio::test]
    async fn a_pid_file_without_a_pid_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let process = service(&folder);
        std::fs::write(&process.service.pid_file, "none").unwrap();
        assert!(process.pid().await.unwrap_err().to_string().contains("pid"));
    }
}
