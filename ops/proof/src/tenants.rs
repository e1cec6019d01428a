//! What the platform owes each team's namespace besides rights: Pod Security, a quota, limits, and a policy
//! that denies everything.

use manifests::Document;
use serde_json::{Value, json};

use crate::rendered::Rendered;

/// The namespaces, each of them a team's.
pub const TENANTS: [&str; 3] = ["invoice", "operations", "payments"];

const MODES: [&str; 3] = ["enforce", "warn", "audit"];

/// What a quota bounds at least; a resource that is missing here is one that a team may take all of.
const BOUNDED: [&str; 14] = [
    "configmaps",
    "count/deployments.apps",
    "count/ingresses.networking.k8s.io",
    "count/jobs.batch",
    "count/statefulsets.apps",
    "limits.cpu",
    "limits.memory",
    "persistentvolumeclaims",
    "pods",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "secrets",
    "services",
];
/// Doors past the Ingress and past admission.
const NONE_AT_ALL: [&str; 2] = ["services.loadbalancers", "services.nodeports"];

/// What a namespace lacks, a sentence each.
#[must_use]
pub fn differences(rendered: &Rendered) -> Vec<String> {
    let mut found = Vec::new();
    for tenant in TENANTS {
        let namespace = rendered
            .of_kind("Namespace")
            .find(|one| one.name() == tenant);
        match namespace {
            Some(namespace) => found.extend(pod_security(namespace)),
            None => found.push(format!("no Namespace {tenant} is rendered")),
        }
        found.extend(denied(rendered, tenant));
        found.extend(bounded(rendered, tenant));
        found.extend(limited(rendered, tenant));
    }
    found
}

fn pod_security(namespace: &Document) -> Vec<String> {
    let label = |name: String| {
        let pointer = format!("/metadata/labels/pod-security.kubernetes.io~1{name}");
        namespace.text(&pointer).unwrap_or("nothing").to_owned()
    };
    let mut found = Vec::new();
    for mode in MODES {
        let level = label(mode.to_owned());
        if level != "restricted" {
            found.push(format!(
                "{namespace}: Pod Security has {level} for {mode}, not restricted"
            ));
        }
        let version = label(format!("{mode}-version"));
        if !version.starts_with("v1.") {
            found.push(format!(
                "{namespace}: Pod Security {mode} has version {version}, not a pinned one"
            ));
        }
    }
    found
}

/// The other policies of a namespace govern both directions too, but only for as long as they are there.
fn denied(rendered: &Rendered, tenant: &str) -> Option<String> {
    let everything = json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]});
    let denies = rendered.of_kind("NetworkPolicy").any(|policy| {
        policy.namespace() == Some(tenant) && policy.at("/spec") == Some(&everything)
    });
    (!denies).then(|| format!("no NetworkPolicy of {tenant} denies everything in both directions"))
}

fn bounded(rendered: &Rendered, tenant: &str) -> Vec<String> {
    let in_tenant = |document: &&Document| document.namespace() == Some(tenant);
    // One with a scope bounds some pods alone.
    let whole = |document: &&Document| {
        document.at("/spec/scopes").is_none() && document.at("/spec/scopeSelector").is_none()
    };
    let quotas: Vec<_> = rendered
        .of_kind("ResourceQuota")
        .filter(in_tenant)
        .filter(whole)
        .collect();
    let bound = |resource: &str| {
        quotas
            .iter()
            .find_map(|quota| quota.at("/spec/hard")?.get(resource)?.as_str())
    };
    let missing = BOUNDED.iter().filter(|resource| bound(resource).is_none());
    let open = NONE_AT_ALL
        .iter()
        .filter(|resource| bound(resource) != Some("0"));
    let missing = missing.map(|resource| format!("no quota of {tenant} bounds {resource}"));
    let open = open.map(|resource| format!("no quota of {tenant} forbids {resource}"));
    missing.chain(open).collect()
}

fn limited(rendered: &Rendered, tenant: &str) -> Vec<String> {
    let ranges = rendered
        .of_kind("LimitRange")
        .filter(|range| range.namespace() == Some(tenant));
    let limits: Vec<_> = ranges
        .flat_map(|range| range.list("/spec/limits"))
        .collect();
    let mut found = Vec::new();
    for (kind, resource) in [
        ("Pod", "cpu"),
        ("Pod", "memory"),
        ("PersistentVolumeClaim", "storage"),
    ] {
        let bounds = |limit: &&&Value| limit["type"] == kind && limit["max"][resource].is_string();
        if !limits.iter().any(|limit| bounds(&limit)) {
            found.push(format!(
                "no LimitRange of {tenant} bounds the {resource} of a {kind}"
            ));
        }
    }
    let fills_in =
        |limit: &&Value| limit["default"].is_object() || limit["defaultRequest"].is_object();
    if limits.iter().any(fills_in) {
        found.push(format!(
            "a LimitRange of {tenant} fills in limits, which hides from admission that none were written"
        ));
    }
    found
}
