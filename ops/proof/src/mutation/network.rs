use serde_json::{Value, json};

use super::change::{Changes, escaped};

/// What may go wrong with a network policy.
pub(super) fn change(changes: &mut Changes<'_>) {
    changes.taken_away();
    changes.each_taken_out("/spec/policyTypes");
    changes.field_taken_out("/spec", "policyTypes");
    selector(changes, "/spec/podSelector");
    changes.replaced(
        "/spec/podSelector",
        "selecting nobody",
        json!({"matchLabels": {"nobody": "nobody"}}),
    );
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        let rules = format!("/spec/{direction}");
        changes.each_taken_out(&rules);
        changes.edited(
            format!("{rules} with a rule for everything"),
            |object| match object.pointer_mut(&rules).and_then(Value::as_array_mut) {
                Some(list) => list.push(json!({})),
                None => object["spec"][direction] = json!([{}]),
            },
        );
        for index in 0..changes.original().list(&rules).len() {
            rule(changes, &format!("{rules}/{index}"), peers);
        }
    }
}

fn rule(changes: &mut Changes<'_>, rule: &str, peers: &str) {
    changes.field_taken_out(rule, peers);
    changes.field_taken_out(rule, "ports");
    let list = format!("{rule}/{peers}");
    changes.each_taken_out(&list);
    for somebody in peers_more() {
        changes.added(&list, &somebody);
    }
    for index in 0..changes.original().list(&list).len() {
        peer(changes, &list, index);
    }
    let ports = format!("{rule}/ports");
    changes.each_taken_out(&ports);
    for index in 0..changes.original().list(&ports).len() {
        port(changes, &format!("{ports}/{index}"));
    }
}

/// Everybody, and somebody whom no manifest knows.
fn peers_more() -> Vec<Value> {
    let name = |operator: &str, values: &[&str]| {
        json!({"matchExpressions": [
        {"key": "kubernetes.io/metadata.name", "operator": operator, "values": values}]})
    };
    vec![
        json!({"podSelector": {}}),
        json!({"namespaceSelector": {}}),
        json!({"ipBlock": {"cidr": "0.0.0.0/0"}}),
        json!({"ipBlock": {"cidr": "10.0.0.0/8"}}),
        json!({"ipBlock": {"cidr": "198.51.100.7/32"}}),
        json!({"ipBlock": {"cidr": "2001:db8::/32"}}),
        json!({"podSelector": {"matchLabels": {"app.kubernetes.io/name": "another"}}}),
        json!({"podSelector": {"matchExpressions": [{"key": "another", "operator": "Exists"}]}}),
        json!({"namespaceSelector": {"matchLabels": {"another": "yes"}}}),
        json!({"namespaceSelector": name("In", &["kube-system", "another"]), "podSelector": {}}),
        json!({"namespaceSelector": name("NotIn", &["kube-system"]), "podSelector": {}}),
        json!({
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "another"}},
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": "another"}},
        }),
    ]
}

fn peer(changes: &mut Changes<'_>, list: &str, index: usize) {
    let peer = format!("{list}/{index}");
    for field in ["namespaceSelector", "podSelector"] {
        if changes.fields(&peer).len() > 1 {
            changes.field_taken_out(&peer, field);
        }
        changes.field_written(&peer, field, &json!({}));
        selector(changes, &format!("{peer}/{field}"));
    }
    // The two selectors as two peers: each then lets in far more than both in one.
    let both = changes.original().at(&peer).cloned().unwrap_or_default();
    changes.edited(
        format!("{peer} split into one for each selector"),
        |object| {
            if let (Some(namespaces), Some(pods), Some(list)) = (
                both.get("namespaceSelector"),
                both.get("podSelector"),
                object.pointer_mut(list).and_then(Value::as_array_mut),
            ) {
                list[index] = json!({"namespaceSelector": namespaces});
                list.push(json!({"podSelector": pods}));
            }
        },
    );
}

fn selector(changes: &mut Changes<'_>, selector: &str) {
    let labels = format!("{selector}/matchLabels");
    for label in changes.fields(&labels) {
        changes.field_taken_out(&labels, &label);
        let value = format!("{labels}/{}", escaped(&label));
        changes.replaced(&value, format!("{value} of another value"), json!("other"));
    }
    changes.replaced(selector, format!("{selector} of everybody"), json!({}));
    let written = changes.original().at(&labels).and_then(Value::as_object);
    let first = written.and_then(|labels| labels.iter().next());
    if let Some((label, value)) = first.map(|(label, value)| (label.clone(), value.clone())) {
        changes.replaced(
            selector,
            format!("{selector} with another value of {label} too"),
            json!({"matchExpressions": [{"key": label, "operator": "In", "values": [value, "another"]}]}),
        );
    }
}

fn port(changes: &mut Changes<'_>, port: &str) {
    changes.field_taken_out(port, "port");
    changes.field_written(port, "protocol", &json!("UDP"));
    changes.field_written(port, "protocol", &json!("TCP"));
    if let Some(number) = changes
        .original()
        .at(&format!("{port}/port"))
        .and_then(Value::as_u64)
    {
        changes.field_written(port, "port", &json!(number + 1));
        changes.field_written(port, "endPort", &json!(65535));
    } else {
        for name in ["http", "https", "management", "postgres"] {
            changes.field_written(port, "port", &json!(name));
        }
    }
}
