use serde_json::{Value, json};

use super::change::Changes;

/// A repository that nobody deploys from.
pub(super) const ELSEWHERE: &str = "https://git.example/another.git";

/// What may go wrong with an Argo CD project.
pub(super) fn project(changes: &mut Changes<'_>) {
    changes.taken_away();
    changes.added("/spec/sourceRepos", &json!("*"));
    changes.field_written("/spec", "sourceNamespaces", &json!(["*"]));
    changes.field_written("/spec", "sourceNamespaces", &json!(["invoice"]));
    for (server, namespace) in [
        ("https://kubernetes.default.svc", "*"),
        ("*", "*"),
        ("https://kubernetes.default.svc", "kube-system"),
        ("https://kubernetes.default.svc", "payments"),
        ("https://kubernetes.default.svc", "invoice"),
    ] {
        let destination = json!({"server": server, "namespace": namespace});
        changes.added("/spec/destinations", &destination);
    }
    for (group, kind) in [("*", "*"), ("", "Node"), ("", "Namespace")] {
        let kind = json!({"group": group, "kind": kind});
        changes.added("/spec/clusterResourceWhitelist", &kind);
    }
    changes.field_taken_out("/spec", "namespaceResourceWhitelist");
    for (group, kind) in [
        ("*", "*"),
        ("", "Secret"),
        ("", "Pod"),
        ("apps", "DaemonSet"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("networking.k8s.io", "Ingress"),
    ] {
        let kind = json!({"group": group, "kind": kind});
        changes.added("/spec/namespaceResourceWhitelist", &kind);
    }
    for list in [
        "sourceRepos",
        "destinations",
        "clusterResourceWhitelist",
        "namespaceResourceWhitelist",
    ] {
        changes.each_taken_out(&format!("/spec/{list}"));
    }
    for list in ["clusterResourceWhitelist", "namespaceResourceWhitelist"] {
        groups(changes, &format!("/spec/{list}"));
    }
    changes.replaced(
        "/spec/sourceRepos/0",
        "of another repository",
        json!(ELSEWHERE),
    );
    changes.field_written("/spec", "signatureKeys", &json!([]));
    accounts(changes);
    roles(changes);
}

/// The same kinds of other groups.
fn groups(changes: &mut Changes<'_>, list: &str) {
    for index in 0..changes.original().list(list).len() {
        for group in ["*", "", "apps", "example.org"] {
            let pointer = format!("{list}/{index}/group");
            changes.replaced(&pointer, format!("{pointer} '{group}'"), json!(group));
        }
    }
}

fn accounts(changes: &mut Changes<'_>) {
    changes.field_taken_out("/spec", "destinationServiceAccounts");
    changes.each_taken_out("/spec/destinationServiceAccounts");
    let accounts = changes.original().list("/spec/destinationServiceAccounts");
    for index in 0..accounts.len() {
        let account = format!("/spec/destinationServiceAccounts/{index}");
        for name in [
            "default",
            "argocd-application-controller",
            "argocd:platform-sync",
        ] {
            changes.field_written(&account, "defaultServiceAccount", &json!(name));
        }
        changes.field_written(&account, "namespace", &json!("*"));
    }
}

fn roles(changes: &mut Changes<'_>) {
    let name = changes.original().name().to_owned();
    let roles = changes.original().list("/spec/roles");
    for (index, role) in roles.iter().enumerate() {
        let pointer = format!("/spec/roles/{index}");
        for group in ["team-invoice", "team-payments", "system:authenticated"] {
            changes.added(&format!("{pointer}/groups"), &json!(group));
        }
        let tokens = json!([{"iat": 1}]);
        changes.field_written(&pointer, "jwtTokens", &tokens);
        let role = role.get("name").and_then(Value::as_str).unwrap_or_default();
        for (what, object) in [
            ("applications, *", format!("{name}/*")),
            ("applications, override", format!("{name}/*")),
            ("exec, create", format!("{name}/*")),
            ("applications, sync", "*/*".to_owned()),
            ("projects, update", name.clone()),
        ] {
            let policy = format!("p, proj:{name}:{role}, {what}, {object}, allow");
            changes.added(&format!("{pointer}/policies"), &json!(policy));
        }
    }
}
