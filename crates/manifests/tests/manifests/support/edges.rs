//! Network policies as the set of connections that they allow, each a line of text.

use std::collections::BTreeSet;

use manifests::Document;
use serde_json::{Value, json};

/// `in FROM -> TO PORT` and `out FROM -> TO PORT`, where a side is `namespace/pod` and `*` is all.
/// What this reading does not know (an ipBlock, an expression) stays as JSON and equals no line that
/// a test expects.
pub fn edges<'a>(documents: impl IntoIterator<Item = &'a Document>) -> BTreeSet<String> {
    let policies = documents
        .into_iter()
        .filter(|document| document.kind() == "NetworkPolicy");
    policies.flat_map(of_policy).collect()
}

fn of_policy(policy: &Document) -> Vec<String> {
    let home = policy.namespace().unwrap_or("?");
    let subject = format!(
        "{home}/{}",
        pods(policy.at("/spec/podSelector").unwrap_or(&Value::Null))
    );
    let mut edges = Vec::new();
    for rule in policy.list("/spec/ingress") {
        for (peer, port) in allowed(rule, "from", home) {
            edges.push(format!("in {peer} -> {subject} {port}"));
        }
    }
    for rule in policy.list("/spec/egress") {
        for (peer, port) in allowed(rule, "to", home) {
            edges.push(format!("out {subject} -> {peer} {port}"));
        }
    }
    edges
}

fn allowed(rule: &Value, side: &str, home: &str) -> Vec<(String, String)> {
    let peers = match list(rule, side) {
        [] => vec!["*/*".to_owned()],
        peers => peers.iter().map(|peer| place(peer, home)).collect(),
    };
    let ports = match list(rule, "ports") {
        [] => vec!["every port".to_owned()],
        ports => ports.iter().map(port).collect(),
    };
    let pairs = peers
        .iter()
        .flat_map(|peer| ports.iter().map(|port| (peer.clone(), port.clone())));
    pairs.collect()
}

/// A rule without the list, and one with an empty list, both mean all.
fn list<'a>(rule: &'a Value, name: &str) -> &'a [Value] {
    rule[name].as_array().map_or(&[], Vec::as_slice)
}

fn place(peer: &Value, home: &str) -> String {
    let known = ["namespaceSelector", "podSelector"];
    let fields = peer
        .as_object()
        .into_iter()
        .flat_map(|fields| fields.keys());
    if fields.clone().count() == 0 || fields.clone().any(|field| !known.contains(&field.as_str())) {
        return peer.to_string();
    }
    let namespace = match peer.get("namespaceSelector") {
        None => home.to_owned(),
        Some(selector) => named(selector, &["kubernetes.io/metadata.name"]),
    };
    format!(
        "{namespace}/{}",
        pods(peer.get("podSelector").unwrap_or(&json!({})))
    )
}

fn pods(selector: &Value) -> String {
    named(selector, &["app.kubernetes.io/name", "k8s-app"])
}

/// The one label that a selector asks for, by its value.
fn named(selector: &Value, labels: &[&str]) -> String {
    if *selector == json!({}) {
        return "*".to_owned();
    }
    let expected = |label: &&&str| {
        let value = &selector["matchLabels"][**label];
        value.is_string() && *selector == json!({"matchLabels": {**label: value}})
    };
    match labels.iter().find(expected) {
        Some(label) => selector["matchLabels"][*label]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        None => selector.to_string(),
    }
}

fn port(port: &Value) -> String {
    let protocol = port["protocol"].as_str().unwrap_or("TCP");
    let number = match &port["port"] {
        Value::String(name) => name.clone(),
        Value::Null => "every port".to_owned(),
        number => number.to_string(),
    };
    match &port["endPort"] {
        Value::Null => format!("{protocol} {number}"),
        end => format!("{protocol} {number}-{end}"),
    }
}
