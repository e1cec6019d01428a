//! The specification, in the words of its reference, the page `network-policies` of Kubernetes' documentation.

use std::collections::BTreeMap;
use std::net::IpAddr;

use proof::reachability::{Addresses, Kind, Labels, NamedPort, Place, Pod, Protocol};
use serde_json::{Map, Value};

pub(crate) fn connects(
    policies: &[Value],
    namespaces: &BTreeMap<String, Labels>,
    (from, from_address): (&Place, IpAddr),
    (to, to_address): (&Place, IpAddr),
    protocol: Protocol,
    port: u16,
) -> bool {
    // "A Pod cannot block access to itself."
    if let (Kind::Pod(one), Kind::Pod(other)) = (&from.kind, &to.kind)
        && one.uid == other.uid
    {
        return true;
    }
    // "Traffic to and from the node where a Pod is running is always allowed."
    if from.kind == Kind::Node || to.kind == Kind::Node {
        return true;
    }
    // "For a connection from a source pod to a destination pod to be allowed, both the egress policy on the
    // source pod and the ingress policy on the destination pod need to allow the connection."
    for (way, peers, subject, other, address) in [
        ("Egress", "to", from, to, to_address),
        ("Ingress", "from", to, from, from_address),
    ] {
        let Kind::Pod(pod) = &subject.kind else {
            continue;
        };
        let mut isolated = false;
        let mut allowed = false;
        for policy in policies {
            let home = policy["metadata"]["namespace"].as_str().unwrap();
            let spec = &policy["spec"];
            if home != pod.namespace || !selects(&spec["podSelector"], &pod.labels) {
                continue;
            }
            if !types(spec).contains(&way.to_owned()) {
                continue;
            }
            isolated = true;
            for rule in items(&spec[way.to_lowercase()]) {
                let from_or_to = items(&rule[peers]);
                let mut peer_allowed = from_or_to.is_empty();
                for peer in from_or_to {
                    peer_allowed |= is_peer(peer, home, namespaces, other, address);
                }
                let ports = items(&rule["ports"]);
                let mut port_allowed = ports.is_empty();
                for entry in ports {
                    port_allowed |= is_port(entry, to, protocol, port);
                }
                allowed |= peer_allowed && port_allowed;
            }
        }
        if isolated && !allowed {
            return false;
        }
    }
    true
}

/// A pod as its manifest has it.
pub(crate) fn place(manifest: &Value, address: IpAddr) -> Place {
    let (metadata, spec) = (&manifest["metadata"], &manifest["spec"]);
    let name = metadata["name"].as_str().unwrap();
    let namespace = metadata["namespace"].as_str().unwrap();
    let ports = items(&spec["containers"][0]["ports"]).into_iter();
    let ports = ports.map(|port| NamedPort {
        name: port["name"].as_str().unwrap().to_owned(),
        protocol: serde_json::from_value(port["protocol"].clone()).unwrap(),
        port: serde_json::from_value(port["containerPort"].clone()).unwrap(),
    });
    // "It ignores hostNetwork pods when matching podSelector and namespaceSelector. Traffic to/from
    // hostNetwork pods is treated the same as all other traffic to/from the node IP. (This is the most common
    // implementation.)"
    let kind = if spec["hostNetwork"] == true {
        Kind::Node
    } else {
        Kind::Pod(Pod {
            namespace: namespace.to_owned(),
            labels: serde_json::from_value(metadata["labels"].clone()).unwrap(),
            ports: ports.collect(),
            uid: Some(name.to_owned()),
        })
    };
    Place {
        name: format!("{namespace}/{name}"),
        kind,
        addresses: Addresses::one(address),
    }
}

// "If no policyTypes are specified on a NetworkPolicy then by default Ingress will always be set and
// Egress will be set if the NetworkPolicy has any egress rules."
fn types(spec: &Value) -> Vec<String> {
    let written = items(&spec["policyTypes"]);
    if !written.is_empty() {
        return written
            .iter()
            .map(|one| one.as_str().unwrap().to_owned())
            .collect();
    }
    let mut types = vec!["Ingress".to_owned()];
    if !items(&spec["egress"]).is_empty() {
        types.push("Egress".to_owned());
    }
    types
}

fn is_peer(
    peer: &Value,
    home: &str,
    namespaces: &BTreeMap<String, Labels>,
    other: &Place,
    address: IpAddr,
) -> bool {
    if let Some(block) = peer.get("ipBlock") {
        return contains(block["cidr"].as_str().unwrap(), address)
            && !items(&block["except"])
                .iter()
                .any(|except| contains(except.as_str().unwrap(), address));
    }
    let Kind::Pod(pod) = &other.kind else {
        return false;
    };
    let namespace_fits = match peer.get("namespaceSelector") {
        Some(selector) => selects(selector, &namespaces[&pod.namespace]),
        None => pod.namespace == home,
    };
    let pod_fits = match peer.get("podSelector") {
        Some(selector) => selects(selector, &pod.labels),
        None => true,
    };
    namespace_fits && pod_fits
}

fn is_port(entry: &Value, to: &Place, protocol: Protocol, port: u16) -> bool {
    if entry
        .get("protocol")
        .map_or("TCP", |one| one.as_str().unwrap())
        != protocol.to_string()
    {
        return false;
    }
    match (&entry["port"], entry["endPort"].as_u64()) {
        (Value::Null, _) => true,
        (Value::String(name), _) => match &to.kind {
            Kind::Pod(pod) => pod.ports.iter().any(|known| {
                known.name == *name && known.protocol == protocol && known.port == port
            }),
            _ => false,
        },
        (number, None) => number.as_u64().unwrap() == u64::from(port),
        (number, Some(end)) => {
            number.as_u64().unwrap() <= u64::from(port) && u64::from(port) <= end
        }
    }
}

fn contains(block: &str, address: IpAddr) -> bool {
    let (network, length) = block.split_once('/').unwrap();
    let network: IpAddr = network.parse().unwrap();
    let length: usize = length.parse().unwrap();
    let bits = |address: IpAddr| -> String {
        match address {
            IpAddr::V4(four) => four.octets().map(|byte| format!("{byte:08b}")).concat(),
            IpAddr::V6(six) => six.octets().map(|byte| format!("{byte:08b}")).concat(),
        }
    };
    if let IpAddr::V6(six) = network
        && let Some(four) = six.to_ipv4_mapped()
    {
        return contains(&format!("{four}/{}", length - 96), address);
    }
    network.is_ipv4() == address.is_ipv4() && bits(network)[..length] == bits(address)[..length]
}

fn selects(selector: &Value, labels: &Labels) -> bool {
    let nothing = Map::new();
    for (key, value) in selector["matchLabels"].as_object().unwrap_or(&nothing) {
        if labels.get(key).map(String::as_str) != value.as_str() {
            return false;
        }
    }
    for requirement in items(&selector["matchExpressions"]) {
        let value = labels.get(requirement["key"].as_str().unwrap());
        let values: Vec<_> = items(&requirement["values"])
            .iter()
            .map(|one| one.as_str().unwrap())
            .collect();
        let met = match (requirement["operator"].as_str().unwrap(), value) {
            ("In", Some(value)) => values.contains(&value.as_str()),
            ("NotIn", Some(value)) => !values.contains(&value.as_str()),
            ("In" | "Exists", None) | ("DoesNotExist", Some(_)) => false,
            _ => true,
        };
        if !met {
            return false;
        }
    }
    true
}

fn items(list: &Value) -> Vec<&Value> {
    list.as_array()
        .map(|list| list.iter().collect())
        .unwrap_or_default()
}
