use clap::Args;
use ipnet::IpNet;

use crate::reachability::{Addresses, Surroundings};

/// What the cluster calls that which is not ours.
#[derive(Debug, Args)]
pub struct Around {
    /// The ingress controller's namespace.
    #[arg(long, default_value_t = Surroundings::default().ingress_controller, value_name = "NAMESPACE")]
    ingress_controller: String,
    /// Prometheus's namespace.
    #[arg(long, default_value_t = Surroundings::default().prometheus, value_name = "NAMESPACE")]
    prometheus: String,
    /// Where pods and nodes have their addresses, once for each block; all others are the internet. Without
    /// it every private address may be a pod's.
    #[arg(long = "inside", value_name = "CIDR")]
    inside: Vec<IpNet>,
}

impl Around {
    pub(super) fn surroundings(&self) -> Surroundings {
        let blocks = self.inside.iter().copied().map(Addresses::block);
        let inside = blocks.reduce(|all, block| all.union(&block));
        Surroundings {
            ingress_controller: self.ingress_controller.clone(),
            prometheus: self.prometheus.clone(),
            inside: inside.unwrap_or_else(Addresses::private),
        }
    }
}
