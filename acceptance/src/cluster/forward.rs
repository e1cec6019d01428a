//! Port-forwards: one pod's port at an address of this machine.

use std::net::SocketAddr;

use k8s_openapi::api::core::v1::Pod;
use kube::{Api, ResourceExt};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::Cluster;
use crate::failure::Failure;

/// A pod's port at an address of this machine, for as long as this value lives.
pub(crate) struct Forward {
    /// Where the pod's port answers.
    pub(crate) address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Drop for Forward {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Cluster {
    /// Opens a port-forward. Each connection to it is a connection to that very pod, whatever policies say:
    /// it is made by the pod's node.
    pub(crate) async fn forward(&self, pod: &Pod, port: u16) -> Result<Forward, Failure> {
        let refused = || Failure::machine("open a port for a port-forward");
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(refused())?;
        let address = listener.local_addr().map_err(refused())?;
        let pods = self.api::<Pod>(&pod.namespace().unwrap_or_default());
        let accepting = tokio::spawn(accept(listener, pods, pod.name_any(), port));
        Ok(Forward { address, accepting })
    }
}

async fn accept(listener: TcpListener, pods: Api<Pod>, pod: String, port: u16) {
    // Owned here, so that the connections end with the forward.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(carry(stream, pods.clone(), pod.clone(), port));
        while connections.try_join_next().is_some() {}
    }
}

/// Carries one connection. When the pod cannot be reached the connection is closed without an answer, and who
/// asked reports that.
async fn carry(mut local: TcpStream, pods: Api<Pod>, pod: String, port: u16) {
    let Ok(mut forwarder) = pods.portforward(&pod, &[port]).await else {
        return;
    };
    let Some(mut remote) = forwarder.take_stream(port) else {
        return;
    };
    let _ = copy_bidirectional(&mut local, &mut remote).await;
    drop(remote);
    forwarder.abort();
}
