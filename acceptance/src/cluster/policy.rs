//! Which namespaces the policies of a pod let in.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyIngressRule, NetworkPolicyPeer,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;

use super::selector::selects;

/// A port of a pod, by its number and its name.
#[derive(Clone, Copy)]
pub(crate) struct Port<'a> {
    pub(crate) number: u16,
    pub(crate) name: &'a str,
}

/// The namespaces from which `policies` let anybody reach `port` of pods with `labels`. Blocks of addresses
/// are listed as such, since they stand for no namespace.
pub(crate) fn namespaces_let_in(
    policies: &[NetworkPolicy],
    labels: &BTreeMap<String, String>,
    port: Port<'_>,
    namespaces: &[Namespace],
) -> BTreeSet<String> {
    let mut let_in = BTreeSet::new();
    for policy in policies {
        let Some(spec) = &policy.spec else { continue };
        if !spec
            .pod_selector
            .as_ref()
            .is_none_or(|selector| selects(selector, labels))
        {
            continue;
        }
        let own = policy.namespace().unwrap_or_default();
        for rule in spec
            .ingress
            .iter()
            .flatten()
            .filter(|rule| covers(rule, port))
        {
            match rule.from.as_deref() {
                None | Some([]) => let_in.extend(namespaces.iter().map(ResourceExt::name_any)),
                Some(peers) => let_in.extend(
                    peers
                        .iter()
                        .flat_map(|peer| peer_namespaces(peer, &own, namespaces)),
                ),
            }
        }
    }
    let_in
}

fn covers(rule: &NetworkPolicyIngressRule, port: Port<'_>) -> bool {
    let Some(ports) = rule.ports.as_deref().filter(|ports| !ports.is_empty()) else {
        return true;
    };
    ports
        .iter()
        .any(|listed| match (&listed.port, listed.end_port) {
            (None, _) => true,
            (Some(IntOrString::String(name)), _) => name == port.name,
            (Some(IntOrString::Int(first)), last) => {
                (*first..=last.unwrap_or(*first)).contains(&i32::from(port.number))
            }
        })
}

fn peer_namespaces(peer: &NetworkPolicyPeer, own: &str, namespaces: &[Namespace]) -> Vec<String> {
    if let Some(block) = &peer.ip_block {
        return vec![format!("addresses {}", block.cidr)];
    }
    let Some(selector) = &peer.namespace_selector else {
        return vec![own.to_owned()];
    };
    let selected = namespaces
        .iter()
        .filter(|namespace| selects(selector, namespace.labels()));
    selected.map(ResourceExt::name_any).collect()
}

#[cfg(test)]
mod tests {
    use super::{Port, namespaces_let_in};
    use serde_json::json;

    fn let_in(ingress: &serde_json::Value) -> Vec<String> {
        let policy = json!({
            "metadata": {"name": "app", "namespace": "own"},
            "spec": {"podSelector": {"matchLabels": {"app": "a"}}, "ingress": ingress}
        });
        let namespaces = ["own", "ingress", "other"].map(|name| {
            serde_json::from_value(json!({"metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}}})).unwrap()
        });
        let labels = [("app".to_owned(), "a".to_owned())].into();
        let port = Port {
            number: 8081,
            name: "http",
        };
        namespaces_let_in(
            &[serde_json::from_value(policy).unwrap()],
            &labels,
            port,
            &namespaces,
        )
        .into_iter()
        .collect()
    }

    #[test]
    fn a_rule_without_peers_lets_everybody_in() {
        assert_eq!(let_in(&json!([{}])), ["ingress", "other", "own"]);
        assert_eq!(let_in(&json!([])), Vec::<String>::new());
    }

    #[test]
    fn a_rule_counts_only_for_its_ports() {
        let from = json!([{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}]);
        for port in [json!("http"), json!(8081)] {
            assert_eq!(
                let_in(&json!([{"from": from, "ports": [{"port": port}]}])),
                ["ingress"]
            );
        }
        assert_eq!(
            let_in(&json!([{"from": from, "ports": [{"port": 8000, "endPort": 9000}]}])),
            ["ingress"]
        );
        assert!(let_in(&json!([{"from": from, "ports": [{"port": "management"}]}])).is_empty());
    }

    #[test]
    fn a_peer_of_pods_alone_is_in_the_policys_own_namespace() {
        assert_eq!(let_in(&json!([{"from": [{"podSelector": {}}]}])), ["own"]);
    }

    #[test]
    fn a_block_of_addresses_is_no_namespace() {
        assert_eq!(
            let_in(&json!([{"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}])),
            ["addresses 0.0.0.0/0"]
        );
    }
}
