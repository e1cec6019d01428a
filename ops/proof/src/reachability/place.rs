use manifests::Document;
use serde_json::Value;

use super::addresses::Addresses;
use super::ports::{PortSet, Protocol};
use super::selector::Labels;

/// Somebody who may reach others or be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// How the matrix calls it.
    pub name: String,
    /// What it is to a policy.
    pub kind: Kind,
    /// The addresses it may have. Of a pod that is not running only the range is known, so an ipBlock that
    /// meets the range counts as one that contains the pod.
    pub addresses: Addresses,
}

/// What a place is to a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A pod with an address of its own.
    Pod(Pod),
    /// A node, or a pod in a node's network: policies do not govern it, selectors do not select it, and a
    /// node and its own pods always reach each other.
    Node,
    /// An address outside the cluster.
    Outside,
}

/// A pod as policies see it. Two places are two pods, also when they are equal: a workload's replicas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    /// Its namespace.
    pub namespace: String,
    /// Its labels.
    pub labels: Labels,
    /// The ports that its containers name.
    pub ports: Vec<NamedPort>,
    /// Which pod it is, where that is known: one always reaches itself.
    pub uid: Option<String>,
}

/// A port that a rule may name instead of its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPort {
    /// Empty for a port without a name.
    pub name: String,
    /// TCP where none is written.
    pub protocol: Protocol,
    /// Its number.
    pub port: u16,
}

impl Place {
    /// The pods of a workload's template, or a pod itself.
    pub(super) fn of_template(
        name: String,
        namespace: &str,
        template: &Value,
        addresses: &Addresses,
    ) -> Self {
        let labels = template["metadata"]["labels"].as_object();
        let labels = labels.into_iter().flatten().filter_map(|(key, value)| {
            let value = value.as_str()?;
            Some((key.clone(), value.to_owned()))
        });
        let kind = if template["spec"]["hostNetwork"] == true {
            Kind::Node
        } else {
            Kind::Pod(Pod {
                namespace: namespace.to_owned(),
                labels: labels.collect(),
                ports: ports(&template["spec"]),
                uid: None,
            })
        };
        Self {
            name,
            kind,
            addresses: addresses.clone(),
        }
    }

    /// Whether nobody has to be there: it stands for whoever may come and wear labels of others, or labels that
    /// only a policy names.
    #[must_use]
    pub fn is_made_up(&self) -> bool {
        made_up(&self.name)
    }

    /// The pod, unless it is none or lives in a node's network.
    #[must_use]
    pub fn pod(&self) -> Option<&Pod> {
        match &self.kind {
            Kind::Pod(pod) => Some(pod),
            Kind::Node | Kind::Outside => None,
        }
    }
}

/// The same of a place of this name.
pub(super) fn made_up(name: &str) -> bool {
    ["/posing-as-", "/with "]
        .iter()
        .any(|mark| name.contains(mark))
}

impl Pod {
    /// The ports that a rule means by a name.
    pub(super) fn named(&self, name: &str, protocol: Protocol) -> PortSet {
        let meant = |port: &&NamedPort| port.name == name && port.protocol == protocol;
        let ports = self.ports.iter().filter(meant);
        ports.fold(PortSet::default(), |all, port| {
            all.union(&PortSet::one(port.protocol, port.port))
        })
    }
}

/// Init containers that keep running are reached like the others.
fn ports(spec: &Value) -> Vec<NamedPort> {
    let containers = ["containers", "initContainers"].map(|list| spec[list].as_array());
    let containers = containers.into_iter().flatten().flatten();
    let ports =
        containers.flat_map(|container| container["ports"].as_array().into_iter().flatten());
    let read = ports.filter_map(|port| {
        let protocol = port["protocol"].as_str().unwrap_or("TCP");
        Some(NamedPort {
            name: port["name"].as_str().unwrap_or_default().to_owned(),
            protocol: Protocol::ALL
                .into_iter()
                .find(|one| one.to_string() == protocol)?,
            port: port["containerPort"].as_u64()?.try_into().ok()?,
        })
    });
    read.collect()
}

/// Where an object keeps the template of its pods; a pod is its own.
pub(super) fn template(document: &Document) -> Option<&Value> {
    let pointer = match document.kind() {
        "Deployment"
        | "StatefulSet"
        | "DaemonSet"
        | "ReplicaSet"
        | "ReplicationController"
        | "Job" => "/spec/template",
        "CronJob" => "/spec/jobTemplate/spec/template",
        "Pod" => "",
        _ => return None,
    };
    document.at(pointer)
}
