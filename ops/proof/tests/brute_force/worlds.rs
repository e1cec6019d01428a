//! Random policies, namespaces and pods.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proof::reachability::{Addresses, Kind, Labels, NamedPort, Place, Pod, Protocol};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

pub(crate) const NAMESPACES: [&str; 3] = ["a", "b", "c"];
/// Few, so that rules and questions meet; 0 and 65536 are none.
pub(crate) const PORTS: [u16; 7] = [1, 2, 3, 4, 5, 6, 65535];
const NETWORKS: [&str; 10] = [
    "10.0.0.0/30",
    "10.0.0.0/29",
    "10.0.0.4/32",
    "0.0.0.0/0",
    "203.0.113.0/24",
    "fd00::/126",
    "fd00::/125",
    "fd00::4/128",
    "::/0",
    "::ffff:10.0.0.0/126",
];

pub(crate) fn labels() -> impl Strategy<Value = Labels> {
    let one = (select(vec!["app", "tier"]), select(vec!["x", "y"]));
    prop::collection::vec(one, 0..3).prop_map(|pairs| {
        pairs
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    })
}

fn selector() -> impl Strategy<Value = Value> {
    let values = subsequence(vec!["x", "y"], 1..=2);
    let listed = (select(vec!["In", "NotIn"]), values)
        .prop_map(|(operator, values)| json!({"operator": operator, "values": values}));
    let bare =
        select(vec!["Exists", "DoesNotExist"]).prop_map(|operator| json!({"operator": operator}));
    let expression =
        (select(vec!["app", "tier"]), prop_oneof![listed, bare]).prop_map(|(key, mut rest)| {
            rest["key"] = json!(key);
            rest
        });
    let parts = (
        prop::option::weighted(0.4, labels()),
        prop::option::weighted(0.3, prop::collection::vec(expression, 0..2)),
    );
    parts.prop_map(|(equal, expressions)| {
        let mut selector = json!({});
        if let Some(equal) = equal {
            selector["matchLabels"] = json!(equal);
        }
        if let Some(expressions) = expressions {
            selector["matchExpressions"] = json!(expressions);
        }
        selector
    })
}

fn peer() -> impl Strategy<Value = Value> {
    let block = (
        select(NETWORKS.to_vec()),
        subsequence(NETWORKS.to_vec(), 0..2),
    )
        .prop_map(|(cidr, except)| json!({"ipBlock": {"cidr": cidr, "except": except}}));
    prop_oneof![
        2 => selector().prop_map(|pods| json!({"podSelector": pods})),
        2 => selector().prop_map(|namespaces| json!({"namespaceSelector": namespaces})),
        2 => (selector(), selector()).prop_map(
            |(namespaces, pods)| json!({"namespaceSelector": namespaces, "podSelector": pods})),
        1 => block,
    ]
}

fn port() -> impl Strategy<Value = Value> {
    let protocol = || prop::option::of(select(vec!["TCP", "UDP", "SCTP"]));
    let range = (1_u16..7, 0_u16..4)
        .prop_map(|(first, more)| json!({"port": first, "endPort": first + more}));
    let which = prop_oneof![
        1 => Just(json!({})),
        3 => select(PORTS.to_vec()).prop_map(|port| json!({"port": port})),
        2 => select(vec!["web", "admin"]).prop_map(|name| json!({"port": name})),
        2 => range,
    ];
    (which, protocol()).prop_map(|(mut port, protocol)| {
        if let Some(protocol) = protocol {
            port["protocol"] = json!(protocol);
        }
        port
    })
}

fn rules(peers: &'static str) -> impl Strategy<Value = Value> {
    let rule = (
        prop::option::weighted(0.8, prop::collection::vec(peer(), 0..3)),
        prop::option::weighted(0.7, prop::collection::vec(port(), 0..3)),
    );
    let rule = rule.prop_map(move |(others, ports)| {
        let mut rule = json!({});
        if let Some(others) = others {
            rule[peers] = json!(others);
        }
        if let Some(ports) = ports {
            rule["ports"] = json!(ports);
        }
        rule
    });
    prop::collection::vec(rule, 0..3).prop_map(Value::from)
}

pub(crate) fn policy() -> impl Strategy<Value = Value> {
    let types = prop::option::weighted(0.7, subsequence(vec!["Ingress", "Egress"], 0..=2));
    let parts = (
        select(NAMESPACES.to_vec()),
        selector(),
        types,
        prop::option::weighted(0.8, rules("from")),
        prop::option::weighted(0.8, rules("to")),
    );
    parts.prop_map(|(namespace, pods, types, ingress, egress)| {
        let mut spec = json!({"podSelector": pods});
        for (field, value) in [
            ("policyTypes", types.map(Value::from)),
            ("ingress", ingress),
            ("egress", egress),
        ] {
            if let Some(value) = value {
                spec[field] = value;
            }
        }
        json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "p", "namespace": namespace},
            "spec": spec,
        })
    })
}

fn named_ports() -> impl Strategy<Value = Vec<NamedPort>> {
    let named = (
        select(vec!["web", "admin", ""]),
        select(Protocol::ALL.to_vec()),
        select(PORTS.to_vec()),
    );
    let named = named.prop_map(|(name, protocol, port)| NamedPort {
        name: name.to_owned(),
        protocol,
        port,
    });
    prop::collection::vec(named, 0..3)
}

/// A pod's manifest; some are in the network of their node.
pub(crate) fn manifest(name: &'static str) -> impl Strategy<Value = Value> {
    let of_node = select(vec![None, None, Some(false), Some(true)]);
    let pod = (
        select(NAMESPACES.to_vec()),
        labels(),
        named_ports(),
        of_node,
    );
    pod.prop_map(move |(namespace, labels, named, of_node)| {
        let ports: Vec<_> = named
            .iter()
            .map(|port| json!({"name": port.name, "protocol": port.protocol, "containerPort": port.port}))
            .collect();
        let mut spec = json!({"containers": [{"name": "c", "ports": ports}]});
        if let Some(of_node) = of_node {
            spec["hostNetwork"] = json!(of_node);
        }
        json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace, "labels": labels},
            "spec": spec,
        })
    })
}

pub(crate) fn namespace(name: &str, labels: &Labels) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

/// The number is the place's address, and makes it one certain pod.
pub(crate) fn place(number: u8) -> impl Strategy<Value = Place> {
    let pod = (select(NAMESPACES.to_vec()), labels(), named_ports());
    let pod = pod.prop_map(move |(namespace, labels, ports)| {
        Kind::Pod(Pod {
            namespace: namespace.to_owned(),
            labels,
            ports,
            uid: Some(number.to_string()),
        })
    });
    prop_oneof![8 => pod, 1 => Just(Kind::Node), 1 => Just(Kind::Outside)].prop_map(move |kind| {
        Place {
            name: format!("place-{number}"),
            kind,
            addresses: Addresses::one(address(number, false)),
        }
    })
}

pub(crate) fn address(number: u8, six: bool) -> IpAddr {
    if six {
        Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, number.into()).into()
    } else {
        Ipv4Addr::new(10, 0, 0, number).into()
    }
}
