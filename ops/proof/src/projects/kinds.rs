//! Which kinds of objects each project lets through.

use std::collections::BTreeSet;

use manifests::{Document, plural};

use super::{is_platform, strings};
use crate::rendered::Rendered;

/// A group of the API and a kind of it.
type Kind<'a> = (&'a str, &'a str);

/// What the platform's project may bring that belongs to no namespace.
const OF_THE_CLUSTER: [Kind<'static>; 5] = [
    ("", "Namespace"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    (
        "admissionregistration.k8s.io",
        "ValidatingAdmissionPolicyBinding",
    ),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
];
/// What it may bring into namespaces: no workload.
const OF_NAMESPACES: [Kind<'static>; 9] = [
    ("", "LimitRange"),
    ("", "ResourceQuota"),
    ("", "ServiceAccount"),
    ("argoproj.io", "AppProject"),
    ("argoproj.io", "Application"),
    ("argoproj.io", "ApplicationSet"),
    ("networking.k8s.io", "NetworkPolicy"),
    ("rbac.authorization.k8s.io", "Role"),
    ("rbac.authorization.k8s.io", "RoleBinding"),
];
/// What every team may bring into its namespace.
const OF_TEAMS: [Kind<'static>; 11] = [
    ("", "ConfigMap"),
    ("", "Service"),
    ("", "ServiceAccount"),
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("autoscaling", "HorizontalPodAutoscaler"),
    ("batch", "Job"),
    ("bitnami.com", "SealedSecret"),
    ("cert-manager.io", "Certificate"),
    ("networking.k8s.io", "NetworkPolicy"),
    ("policy", "PodDisruptionBudget"),
];
/// What one of them may bring besides.
const OF_INVOICE: [Kind<'static>; 1] = [("networking.k8s.io", "Ingress")];

pub(super) fn differences(project: &Document, rendered: &Rendered) -> Vec<String> {
    let (of_the_cluster, of_namespaces) = if is_platform(project) {
        (OF_THE_CLUSTER.to_vec(), OF_NAMESPACES.to_vec())
    } else if project.name() == "invoice" {
        (Vec::new(), [&OF_TEAMS[..], &OF_INVOICE].concat())
    } else {
        (Vec::new(), OF_TEAMS.to_vec())
    };
    let mut found = Vec::new();
    for (list, wanted) in [
        ("clusterResourceWhitelist", of_the_cluster),
        ("namespaceResourceWhitelist", of_namespaces),
    ] {
        let wanted = wanted.into_iter().collect();
        let seen = listed(project, list);
        let more: Vec<_> = seen.difference(&wanted).map(named).collect();
        let less: Vec<_> = wanted.difference(&seen).map(named).collect();
        if !more.is_empty() {
            found.push(format!("{project}: {list} has {more:?} more"));
        }
        if !less.is_empty() {
            found.push(format!("{project}: {list} lacks {less:?}"));
        }
    }
    if !is_platform(project) {
        found.extend(not_creatable(project, rendered));
    }
    found
}

fn listed<'a>(project: &'a Document, list: &str) -> BTreeSet<Kind<'a>> {
    let kinds = project.list(&format!("/spec/{list}")).iter();
    // What is no text is no kind, and none of those that are known.
    let text = |value: &'a serde_json::Value| value.as_str().unwrap_or("neither");
    kinds
        .map(|kind| (text(&kind["group"]), text(&kind["kind"])))
        .collect()
}

fn named((group, kind): &Kind<'_>) -> String {
    match *group {
        "" => (*kind).to_owned(),
        group => format!("{kind}.{group}"),
    }
}

/// A team's project lets nothing through that the namespace's sync account may not create: each of the two
/// would be enough to stop it.
fn not_creatable(project: &Document, rendered: &Rendered) -> Vec<String> {
    let account = rendered
        .of_kind("Role")
        .find(|role| role.namespace() == Some(project.name()) && role.name() == "argocd-sync");
    let rules = account.map_or(&[][..], |role| role.list("/rules"));
    let creatable: BTreeSet<_> = rules
        .iter()
        .filter(|rule| strings(&rule["verbs"]).any(|verb| verb == "create" || verb == "*"))
        .flat_map(|rule| {
            strings(&rule["apiGroups"]).flat_map(move |group| {
                strings(&rule["resources"]).map(move |resource| (group, resource))
            })
        })
        .collect();
    let kinds = listed(project, "namespaceResourceWhitelist").into_iter();
    kinds
        .filter(|(group, kind)| !creatable.contains(&(*group, plural(kind).as_str())))
        .map(|kind| {
            format!(
                "{project} lets a {} through, which {}/argocd-sync may not create",
                named(&kind),
                project.name()
            )
        })
        .collect()
}
