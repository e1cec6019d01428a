use serde_json::{Value, json};

use super::change::Changes;

const VERBS: [&str; 4] = ["get", "create", "delete", "*"];

/// What may go wrong with a role.
pub(super) fn role(changes: &mut Changes<'_>) {
    changes.taken_away();
    changes.each_taken_out("/rules");
    for rule in [
        json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}),
        json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}),
        json!({"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]}),
        json!({"apiGroups": [""], "resources": ["serviceaccounts/token"], "verbs": ["create"]}),
        json!({"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["rolebindings"], "verbs": ["create"]}),
        json!({"nonResourceURLs": ["*"], "verbs": ["get"]}),
    ] {
        changes.added("/rules", &rule);
    }
    for index in 0..changes.original().list("/rules").len() {
        let rule = format!("/rules/{index}");
        changes.field_taken_out(&rule, "resourceNames");
        let verbs = format!("{rule}/verbs");
        changes.each_taken_out(&verbs);
        for verb in VERBS {
            changes.added(&verbs, &json!(verb));
        }
        let resources = format!("{rule}/resources");
        changes.each_taken_out(&resources);
        for resource in ["secrets", "pods/exec", "*"] {
            changes.added(&resources, &json!(resource));
        }
        changes.added(&format!("{rule}/apiGroups"), &json!("*"));
    }
}

/// What may go wrong with a binding. `roles` are the names of the other roles where it is.
pub(super) fn binding(changes: &mut Changes<'_>, roles: &[&str]) {
    changes.taken_away();
    changes.each_taken_out("/subjects");
    for (kind, name) in [
        ("Group", "system:authenticated"),
        ("Group", "system:serviceaccounts"),
        ("Group", "team-invoice"),
        ("Group", "team-payments"),
        ("Group", "team-operations"),
        ("User", "somebody"),
    ] {
        let subject = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name});
        changes.added("/subjects", &subject);
        changes.replaced("/subjects/0", format!("to {kind} {name}"), subject);
    }
    changes.added(
        "/subjects",
        &json!({"kind": "ServiceAccount", "name": "default", "namespace": "invoice"}),
    );
    for role in roles {
        changes.replaced("/roleRef/name", format!("of the role {role}"), json!(role));
    }
    let role =
        |kind, name| json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name});
    for name in ["cluster-admin", "edit", "view"] {
        changes.replaced(
            "/roleRef",
            format!("of the cluster role {name}"),
            role("ClusterRole", name),
        );
    }
    changes.edited("for the whole cluster", |object| {
        object["kind"] = json!("ClusterRoleBinding");
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.remove("namespace");
        }
    });
    namespaces_of_accounts(changes);
}

fn namespaces_of_accounts(changes: &mut Changes<'_>) {
    let subjects = changes.original().list("/subjects");
    for (index, subject) in subjects.iter().enumerate() {
        if subject.get("namespace").and_then(Value::as_str).is_some() {
            changes.replaced(
                &format!("/subjects/{index}/namespace"),
                format!("/subjects/{index} of namespace default"),
                json!("default"),
            );
        }
    }
}
