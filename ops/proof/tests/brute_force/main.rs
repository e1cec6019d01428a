//! The computation against a reading of the specification that is as literal and as slow as possible: pair by
//! pair, port by port, straight from the policies' JSON.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use manifests::{Document, parse};
use proof::reachability::{
    Addresses, Kind, Labels, NamedPort, Place, Pod, Protocol, Surroundings, World,
};
use proof::rendered::Rendered;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

const NAMESPACES: [&str; 3] = ["a", "b", "c"];
/// Few, so that rules and questions meet; 0 and 65536 are none.
const PORTS: [u16; 7] = [1, 2, 3, 4, 5, 6, 65535];
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

/// The specification, in the words of its reference, the page `network-policies` of Kubernetes' documentation.
mod specification {
    use super::{Addresses, Kind, Labels, Map, NamedPort, Place, Pod, Protocol, Value};
    use std::collections::BTreeMap;
    use std::net::IpAddr;

    pub fn connects(
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
    pub fn place(manifest: &Value, address: IpAddr) -> Place {
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
}

fn labels() -> impl Strategy<Value = Labels> {
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

fn policy() -> impl Strategy<Value = Value> {
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
fn manifest(name: &'static str) -> impl Strategy<Value = Value> {
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

fn namespace(name: &str, labels: &Labels) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

/// The number is the place's address, and makes it one certain pod.
fn place(number: u8) -> impl Strategy<Value = Place> {
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

fn address(number: u8, six: bool) -> IpAddr {
    if six {
        Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, number.into()).into()
    } else {
        Ipv4Addr::new(10, 0, 0, number).into()
    }
}

fn rendered(policies: &[Value]) -> Rendered {
    let text: Vec<String> = policies.iter().map(ToString::to_string).collect();
    let documents: Vec<Document> = parse(&text.join("\n---\n")).unwrap();
    Rendered::of_documents("any", documents)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn every_pair_and_port_is_decided_as_the_specification_says(
        policies in prop::collection::vec(policy(), 0..5),
        namespaces in prop::collection::vec(labels(), NAMESPACES.len()),
        from in place(2),
        to in place(4),
        six in any::<bool>(),
    ) {
        let [from, to] = [(from, 2), (to, 4)].map(|(place, number)| Place {
            addresses: Addresses::one(address(number, six)),
            ..place
        });
        let namespaces: BTreeMap<String, Labels> =
            NAMESPACES.iter().map(|name| (*name).to_owned()).zip(namespaces).collect();
        let places = vec![from.clone(), to.clone()];
        let world = World::with(&rendered(&policies), namespaces.clone(), places).unwrap();
        for (one, other) in [((&from, 2), (&to, 4)), ((&to, 4), (&from, 2)), ((&from, 2), (&from, 2))] {
            let ports = world.decide(one.0, other.0).ports();
            for protocol in Protocol::ALL {
                for port in PORTS {
                    let expected = specification::connects(
                        &policies,
                        &namespaces,
                        (one.0, address(one.1, six)),
                        (other.0, address(other.1, six)),
                        protocol,
                        port,
                    );
                    prop_assert_eq!(
                        ports.contains(protocol, port),
                        expected,
                        "{} to {} on {}/{}", one.0.name, other.0.name, port, protocol
                    );
                }
            }
        }
    }

    /// As it is read from manifests, with the pods that are in their node's network.
    #[test]
    fn pods_that_are_rendered_are_decided_as_the_specification_says(
        policies in prop::collection::vec(policy(), 0..5),
        namespaces in prop::collection::vec(labels(), NAMESPACES.len()),
        pods in (manifest("one"), manifest("other")),
        six in any::<bool>(),
    ) {
        let namespaces: BTreeMap<String, Labels> =
            NAMESPACES.iter().map(|name| (*name).to_owned()).zip(namespaces).collect();
        let mut documents = policies.clone();
        documents.extend(namespaces.iter().map(|(name, labels)| namespace(name, labels)));
        documents.extend([pods.0.clone(), pods.1.clone()]);
        let at = address(2, six);
        let around = Surroundings { inside: Addresses::one(at), ..Surroundings::default() };
        let world = World::of(&rendered(&documents), &around).unwrap();
        let [one, other] = [&pods.0, &pods.1].map(|pod| specification::place(pod, at));
        for (from, to) in [(&one, &other), (&other, &one)] {
            let [judged_from, judged_to] = [from, to].map(|place| world.place(&place.name).unwrap());
            let ports = world.decide(judged_from, judged_to).ports();
            for protocol in Protocol::ALL {
                for port in PORTS {
                    let expected = specification::connects(
                        &policies, &namespaces, (from, at), (to, at), protocol, port,
                    );
                    prop_assert_eq!(
                        ports.contains(protocol, port),
                        expected,
                        "{} to {} on {}/{}", from.name, to.name, port, protocol
                    );
                }
            }
        }
    }

    /// Of a pod that does not run yet only the range of its address is known.
    #[test]
    fn a_range_of_addresses_reaches_whatever_one_of_them_reaches(
        policies in prop::collection::vec(policy(), 0..5),
        namespaces in prop::collection::vec(labels(), NAMESPACES.len()),
        from in place(2),
        to in place(4),
    ) {
        let namespaces: BTreeMap<String, Labels> =
            NAMESPACES.iter().map(|name| (*name).to_owned()).zip(namespaces).collect();
        let world = World::with(&rendered(&policies), namespaces, Vec::new()).unwrap();
        let at = |place: &Place, addresses| Place { addresses, ..place.clone() };
        let whole = Addresses::block("10.0.0.0/29".parse().unwrap());
        let range = world.decide(&at(&from, whole.clone()), &at(&to, whole)).ports();
        let by_address = policies.iter().any(|policy| policy.to_string().contains("ipBlock"));
        for number in 0..8 {
            let one = Addresses::one(address(number, false));
            let ports = world.decide(&at(&from, one.clone()), &at(&to, one)).ports();
            prop_assert!(ports.difference(&range).is_empty(), "10.0.0.{}: {}", number, ports);
            // Nothing is made up where no rule goes by addresses.
            prop_assert!(by_address || ports == range, "10.0.0.{}: {}", number, ports);
        }
    }
}

/// The comparison would be empty if nearly everything were allowed, or nearly nothing.
#[test]
fn random_worlds_hold_both_answers() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let worlds = (prop::collection::vec(policy(), 0..5), place(2), place(4));
    let (mut allowed, mut refused) = (0, 0);
    for _ in 0..400 {
        let (policies, from, to) = worlds.new_tree(&mut runner).unwrap().current();
        let namespaces = NAMESPACES
            .iter()
            .map(|name| ((*name).to_owned(), Labels::new()));
        let places = vec![from.clone(), to.clone()];
        let world = World::with(&rendered(&policies), namespaces.collect(), places).unwrap();
        let ports = world.decide(&from, &to).ports();
        for port in PORTS {
            if ports.contains(Protocol::Tcp, port) {
                allowed += 1;
            } else {
                refused += 1;
            }
        }
    }
    assert!(
        allowed > 500 && refused > 500,
        "{allowed} allowed, {refused} refused"
    );
}
