//! Commands in running pods.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::AttachParams;
use kube::{Api, Client};

use crate::failure::{Failure, ensure};

/// The program of our own images, the only one that is in them.
const COMMAND: [&str; 2] = ["/program", "--help"];
/// Many times the length of what it says.
const WORDS: usize = 256 * 1024;
const ENDS_WITHIN: Duration = Duration::from_secs(20);
/// The right that it takes, as a refusal names it.
pub(crate) const RIGHT: &str = "resource \"pods/exec\"";

/// Runs a command in a pod as whoever the client is. The inner result is the API server's word on who asks.
pub(crate) async fn run_inside(
    client: Client,
    namespace: &str,
    pod: &str,
) -> Result<kube::Result<()>, Failure> {
    let pods: Api<Pod> = Api::namespaced(client, namespace);
    // All that it says has room: what nobody reads would hold its end up.
    let how = AttachParams::default()
        .stderr(false)
        .max_stdout_buf_size(WORDS);
    let mut inside = match pods.exec(pod, COMMAND, &how).await {
        Ok(inside) => inside,
        Err(error) => return Ok(Err(error)),
    };
    let status = inside
        .take_status()
        .ok_or_else(|| Failure::wrong("nobody tells how the command ends"))?;
    let ended = tokio::time::timeout(ENDS_WITHIN, status)
        .await
        .map_err(|_| Failure::wrong(format!("the command in {pod} did not end")))?;
    let status = ended.and_then(|status| status.status);
    ensure(status.as_deref() == Some("Success"), || {
        format!("the command in {pod} ended with {status:?}")
    })?;
    Ok(Ok(()))
}
