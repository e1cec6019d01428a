//! A lock on a table of a service's database, held by a session inside the database's pod.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::{AttachParams, AttachedProcess};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::time::timeout;

use super::Cluster;
use super::app::App;
use crate::failure::{Failure, ensure};
use crate::poll;

const LOCKED_WITHIN: Duration = Duration::from_secs(20);
const MARK: &str = "acceptance-holds-the-lock";

/// A table that nobody can write to until this is released. The session ends by itself when this program
/// goes away, and its transaction after two minutes whatever happens.
pub(crate) struct TableLock {
    process: AttachedProcess,
    input: Box<dyn AsyncWrite + Send + Unpin>,
}

impl Cluster {
    /// Locks a table of the service's database against writing; reading stays possible.
    pub(crate) async fn lock_table(&self, app: App, table: &str) -> Result<TableLock, Failure> {
        let pod = self.database_pod(app).await?;
        let name = pod.name_any();
        let command = [
            "psql",
            "-X",
            "-q",
            "-t",
            "-A",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "/tmp",
        ];
        let of = ["-U", app.database_name(), "-d", app.database_name()];
        let streams = AttachParams::default()
            .stdin(true)
            .stdout(true)
            .stderr(true);
        let doing = || format!("open a session in {name}");
        let command = command.into_iter().chain(of);
        let process = self
            .api::<Pod>(app.namespace())
            .exec(&name, command, &streams)
            .await;
        let mut process = process.map_err(Failure::cluster(doing()))?;
        let (Some(input), Some(output), Some(errors)) =
            (process.stdin(), process.stdout(), process.stderr())
        else {
            return Err(Failure::wrong(format!(
                "the session in {name} has no streams"
            )));
        };
        let mut lock = TableLock {
            process,
            input: Box::new(input),
        };
        let statements = format!(
            "set idle_in_transaction_session_timeout = '2min';\nbegin;\n\
             lock table {table} in exclusive mode;\nselect '{MARK}';\n"
        );
        lock.say(&statements).await?;
        let what = format!("the lock on {table} of {name}");
        let finding = async { find(output, MARK).await.map_err(Failure::machine(doing())) };
        if !poll::within(&what, LOCKED_WITHIN, finding).await? {
            let mut why = String::new();
            let mut errors = errors.take(1000);
            // What was said so far is enough to know why.
            let _ = timeout(Duration::from_secs(1), errors.read_to_string(&mut why)).await;
            return Err(Failure::wrong(format!(
                "psql in {name} did not lock {table}: {}",
                why.trim()
            )));
        }
        Ok(lock)
    }
}

/// Whether a line is said before the stream ends.
async fn find(output: impl AsyncRead + Unpin, wanted: &str) -> std::io::Result<bool> {
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await? {
        if line.trim() == wanted {
            return Ok(true);
        }
    }
    Ok(false)
}

impl TableLock {
    /// Lets the others write again.
    pub(crate) async fn release(mut self) -> Result<(), Failure> {
        self.say("rollback;\n\\q\n").await?;
        let status = self.process.take_status();
        poll::within(
            "the end of the session that held the lock",
            LOCKED_WITHIN,
            async {
                let Some(status) = status else { return Ok(()) };
                let ended = status
                    .await
                    .and_then(|status| status.status)
                    .unwrap_or_default();
                ensure(ended == "Success", || {
                    format!("the session that held the lock ended with `{ended}`")
                })
            },
        )
        .await
    }

    async fn say(&mut self, statements: &str) -> Result<(), Failure> {
        let doing = || Failure::machine("speak to the session that holds the lock");
        self.input
            .write_all(statements.as_bytes())
            .await
            .map_err(doing())?;
        self.input.flush().await.map_err(doing())
    }
}
