//! What the platform owes each team's namespace besides rights: Pod Security, a quota, limits, and a policy
//! that denies everything.

use manifests::Document;
use serde_json::{Value, json};

use crate::rendered::Rendered;

/// The namespaces, each of them a team's.
pub const TENANTS: [&str; 3] = ["invoice", "operations", "payments"];

const MODES: [&str; 3] = ["enforce", "warn", "audit"];
/// The minor version whose rules hold at least: an older one forbids less.
const POD_SECURITY: u32 = 34;

/// What a team may take at most: a number that grows is a decision, to be made here too. What is missing is
/// what a team may take all of.
const QUOTA: [(&str, &str); 16] = [
    ("configmaps", "20"),
    ("count/deployments.apps", "10"),
    ("count/ingresses.networking.k8s.io", "5"),
    ("count/jobs.batch", "10"),
    ("count/statefulsets.apps", "5"),
    ("limits.cpu", "32"),
    ("limits.memory", "6Gi"),
    ("persistentvolumeclaims", "5"),
    ("pods", "50"),
    ("requests.cpu", "2"),
    ("requests.memory", "2Gi"),
    ("requests.storage", "10Gi"),
    ("secrets", "20"),
    ("services", "10"),
    // Doors past the Ingress and past admission.
    ("services.loadbalancers", "0"),
    ("services.nodeports", "0"),
];
/// What one pod or one claim may take at most.
const LARGEST: [(&str, &str, &str); 3] = [
    ("Pod", "cpu", "2"),
    ("Pod", "memory", "1Gi"),
    ("PersistentVolumeClaim", "storage", "5Gi"),
];

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

/// What its labels lack of having Pod Security refuse, warn of and note whatever is not restricted.
#[must_use]
pub fn pod_security(namespace: &Document) -> Vec<String> {
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
        // `latest` changes with the cluster.
        let minor: Option<u32> = version
            .strip_prefix("v1.")
            .and_then(|minor| minor.parse().ok());
        if minor.is_none_or(|minor| minor < POD_SECURITY) {
            found.push(format!(
                "{namespace}: Pod Security {mode} has version {version}, not v1.{POD_SECURITY} or a later one"
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
    let mut found = Vec::new();
    for (resource, most) in QUOTA {
        // Of several quotas each holds, so the smallest does; one is what there is.
        let bounds = quotas
            .iter()
            .find_map(|quota| quota.at("/spec/hard")?.get(resource)?.as_str());
        if bounds != Some(most) {
            let bounds = bounds.unwrap_or("any number");
            found.push(format!(
                "the quota of {tenant} lets it have {bounds} of {resource}, not {most}"
            ));
        }
    }
    found
}

fn limited(rendered: &Rendered, tenant: &str) -> Vec<String> {
    let ranges = rendered
        .of_kind("LimitRange")
        .filter(|range| range.namespace() == Some(tenant));
    let limits: Vec<_> = ranges
        .flat_map(|range| range.list("/spec/limits"))
        .collect();
    let mut found = Vec::new();
    for (kind, resource, most) in LARGEST {
        let bounds = |limit: &&&Value| limit["type"] == kind && limit["max"][resource] == most;
        if !limits.iter().any(|limit| bounds(&limit)) {
            found.push(format!(
                "no LimitRange of {tenant} bounds the {resource} of a {kind} to {most}"
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
