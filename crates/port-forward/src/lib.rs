//! Port-forwards: one pod's port at an address of this machine.

use std::io;
use std::net::SocketAddr;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A pod's port at an address of this machine, for as long as this value lives. Each connection to it is a
/// connection to that very pod, whatever policies say: it is made by the pod's node.
#[derive(Debug)]
pub struct Forward {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Drop for Forward {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Forward {
    /// Opens a port-forward to the pod of this name. Whether the pod can be reached shows with the first
    /// connection.
    ///
    /// # Errors
    /// When no port of this machine can be listened on.
    pub async fn open(pods: Api<Pod>, pod: String, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(accept(listener, pods, pod, port));
        Ok(Self { address, accepting })
    }

    /// Where the pod's port answers.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
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
