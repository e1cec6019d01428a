//! Port-forwards: one pod's port at an address of this machine.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
pub(crate) use port_forward::Forward;

use super::Cluster;
use crate::failure::Failure;

impl Cluster {
    /// Opens a port-forward to a pod.
    pub(crate) async fn forward(&self, pod: &Pod, port: u16) -> Result<Forward, Failure> {
        let pods = self.api::<Pod>(&pod.namespace().unwrap_or_default());
        Forward::open(pods, pod.name_any(), port)
            .await
            .map_err(Failure::machine("open a port for a port-forward"))
    }
}
