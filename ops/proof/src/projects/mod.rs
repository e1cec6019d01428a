//! What Argo CD may do for each team: one project a team, which ends at the team's namespace and applies what
//! it lets through with the rights of that namespace's sync account.

use std::collections::BTreeSet;

use manifests::Document;
use serde_json::{Value, json};

use crate::rendered::Rendered;
use crate::tenants::TENANTS;

const CLUSTER: &str = "https://kubernetes.default.svc";
const PLATFORM: &str = "platform";
const ARGO_CD: &str = "argocd";

/// What the platform's project may bring that belongs to no namespace.
const OF_THE_CLUSTER: [&str; 5] = [
    "ClusterRole",
    "ClusterRoleBinding",
    "Namespace",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
];
/// What it may bring into namespaces: no workload.
const OF_NAMESPACES: [&str; 9] = [
    "AppProject",
    "Application",
    "ApplicationSet",
    "LimitRange",
    "NetworkPolicy",
    "ResourceQuota",
    "Role",
    "RoleBinding",
    "ServiceAccount",
];

/// What a project allows otherwise than it should, a sentence each.
#[must_use]
pub fn differences(rendered: &Rendered) -> Vec<String> {
    let mut found = Vec::new();
    for name in TENANTS.into_iter().chain([PLATFORM]) {
        let project = rendered
            .of_kind("AppProject")
            .find(|one| one.name() == name);
        match project {
            None => found.push(format!("no AppProject {name} is rendered")),
            Some(project) => {
                found.extend(sources(project));
                found.extend(destinations(project));
                found.extend(kinds(project, rendered));
                found.extend(account(project));
                found.extend(roles(project));
            }
        }
    }
    let known =
        |project: &&Document| TENANTS.contains(&project.name()) || project.name() == PLATFORM;
    let more = rendered
        .of_kind("AppProject")
        .filter(|project| !known(project));
    found.extend(more.map(|project| format!("{project} is no team's")));
    found.extend(rendered.of_kind("ApplicationSet").flat_map(applications));
    found
}

fn is_platform(project: &Document) -> bool {
    project.name() == PLATFORM
}

fn sources(project: &Document) -> Vec<String> {
    let mut found = Vec::new();
    let sources = project.list("/spec/sourceRepos");
    let one = sources.len() == 1
        && sources
            .iter()
            .all(|source| source.as_str().is_some_and(|url| !url.contains('*')));
    if !one {
        found.push(format!(
            "{project} reads other repositories than the one of the deployment"
        ));
    }
    if !project.list("/spec/sourceNamespaces").is_empty() {
        found.push(format!(
            "{project} takes Applications of other namespaces than {ARGO_CD}"
        ));
    }
    found
}

fn destinations(project: &Document) -> Option<String> {
    let namespaces = if is_platform(project) {
        TENANTS
            .into_iter()
            .chain([ARGO_CD])
            .collect::<BTreeSet<_>>()
    } else {
        BTreeSet::from([project.name()])
    };
    let wanted: BTreeSet<_> = namespaces
        .into_iter()
        .map(|namespace| json!({"server": CLUSTER, "namespace": namespace}).to_string())
        .collect();
    let seen = project.list("/spec/destinations").iter();
    let seen: BTreeSet<_> = seen
        .map(|destination| sorted(destination).to_string())
        .collect();
    (seen != wanted).then(|| format!("{project} deploys to {seen:?}, not to {wanted:?}"))
}

/// Its fields in one order.
fn sorted(destination: &Value) -> Value {
    json!({"server": destination["server"], "namespace": destination["namespace"]})
}

fn kinds(project: &Document, rendered: &Rendered) -> Vec<String> {
    let listed = |list: &str| -> BTreeSet<String> {
        let kinds = project.list(&format!("/spec/{list}")).iter();
        kinds
            .map(|kind| kind["kind"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    let cluster = listed("clusterResourceWhitelist");
    let namespaced = listed("namespaceResourceWhitelist");
    let (wanted_cluster, wanted) = if is_platform(project) {
        (owned(&OF_THE_CLUSTER), owned(&OF_NAMESPACES))
    } else {
        return of_team(project, &cluster, &namespaced, rendered);
    };
    let mut found = Vec::new();
    if cluster != wanted_cluster {
        found.push(format!(
            "{project} brings {cluster:?} of the whole cluster, not {wanted_cluster:?}"
        ));
    }
    if namespaced != wanted {
        found.push(format!("{project} brings {namespaced:?}, not {wanted:?}"));
    }
    found
}

fn owned(kinds: &[&str]) -> BTreeSet<String> {
    kinds.iter().map(|kind| (*kind).to_owned()).collect()
}

/// A team's project lets nothing through that the namespace's sync account may not create: each of the two
/// would be enough to stop it.
fn of_team(
    project: &Document,
    cluster: &BTreeSet<String>,
    namespaced: &BTreeSet<String>,
    rendered: &Rendered,
) -> Vec<String> {
    let mut found = Vec::new();
    if !cluster.is_empty() {
        found.push(format!("{project} brings {cluster:?} of the whole cluster"));
    }
    let account = rendered
        .of_kind("Role")
        .find(|role| role.namespace() == Some(project.name()) && role.name() == "argocd-sync");
    let rules = account.map_or(&[][..], |role| role.list("/rules"));
    let creatable: BTreeSet<_> = rules
        .iter()
        .filter(|rule| strings(&rule["verbs"]).any(|verb| verb == "create" || verb == "*"))
        .flat_map(|rule| strings(&rule["resources"]))
        .collect();
    for kind in namespaced
        .iter()
        .filter(|kind| !creatable.contains(plural(kind).as_str()))
    {
        found.push(format!(
            "{project} lets a {kind} through, which {}/argocd-sync may not create",
            project.name()
        ));
    }
    if namespaced.is_empty() {
        found.push(format!("{project} lets every kind through"));
    }
    found
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// How RBAC calls a kind.
fn plural(kind: &str) -> String {
    let name = kind.to_lowercase();
    match name.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if name.ends_with('s') => format!("{name}es"),
        None => format!("{name}s"),
    }
}

fn account(project: &Document) -> Option<String> {
    let (namespace, account) = if is_platform(project) {
        (ARGO_CD, "platform-sync")
    } else {
        (project.name(), "argocd-sync")
    };
    let wanted =
        json!([{"server": CLUSTER, "namespace": namespace, "defaultServiceAccount": account}]);
    let seen = project.at("/spec/destinationServiceAccounts");
    (seen != Some(&wanted))
        .then(|| format!("{project} does not apply everything as {namespace}/{account}"))
}

/// One role for people, who may look and sync and nothing more.
fn roles(project: &Document) -> Vec<String> {
    let name = project.name();
    let group = if is_platform(project) {
        PLATFORM.to_owned()
    } else {
        format!("team-{name}")
    };
    let mut found = Vec::new();
    for role in project.list("/spec/roles") {
        let title = role["name"].as_str().unwrap_or_default();
        if role["groups"] != json!([group]) {
            found.push(format!(
                "{project}: role {title} is given to {}, not to {group}",
                role["groups"]
            ));
        }
        let allowed = ["applications, get", "applications, sync", "logs, get"];
        let allowed =
            allowed.map(|what| format!("p, proj:{name}:{title}, {what}, {name}/*, allow"));
        let more = strings(&role["policies"])
            .filter(|policy| !allowed.iter().any(|known| known == policy));
        found.extend(more.map(|policy| format!("{project}: role {title} may do more: {policy}")));
    }
    found
}

/// The Applications of a set belong to its team's project and go to its namespace.
fn applications(set: &Document) -> Vec<String> {
    [
        ("project", "/spec/template/spec/project"),
        ("namespace", "/spec/template/spec/destination/namespace"),
    ]
    .into_iter()
    .filter(|(_, pointer)| set.text(pointer) != Some(set.name()))
    .map(|(what, _)| format!("{set} makes Applications of another {what} than its own"))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::plural;

    #[test]
    fn kinds_are_called_as_rbac_calls_them() {
        let resources = ["Ingress", "NetworkPolicy", "Job"].map(plural);
        assert_eq!(resources, ["ingresses", "networkpolicies", "jobs"]);
    }
}
