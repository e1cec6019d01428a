//! `./deploy.sh`, called as a person calls it.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::ClusterWorld;
use crate::failure::{Failure, ensure};
use crate::poll;

/// Its last lines say what went wrong.
const SHOWN: usize = 6;

/// Runs it for the cluster under test; gives what it printed for other programs.
pub(super) async fn deploy_sh(
    world: &ClusterWorld,
    arguments: &[&str],
    within: Duration,
) -> Result<String, Failure> {
    let doing = format!("./deploy.sh {}", arguments.join(" "));
    let mut script = Command::new("./deploy.sh");
    script
        .args(arguments)
        .args(["--context", &world.target.context])
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let ended = poll::within(&doing, within, async {
        script
            .output()
            .await
            .map_err(Failure::machine(doing.clone()))
    })
    .await?;
    ensure(ended.status.success(), || {
        let said = String::from_utf8_lossy(&ended.stderr);
        let lines: Vec<&str> = said.lines().collect();
        let last = &lines[lines.len().saturating_sub(SHOWN)..];
        format!("{doing} failed: {}", last.join(" | "))
    })?;
    Ok(String::from_utf8_lossy(&ended.stdout).into_owned())
}
