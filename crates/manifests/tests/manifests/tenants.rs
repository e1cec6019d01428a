use std::collections::BTreeSet;

use manifests::{Document, plural};
use serde_json::Value;

use crate::support::quantity::quantity;
use crate::support::rendered;
use crate::support::workload::containers;

const ENVIRONMENTS: [&str; 4] = ["local", "dev", "staging", "production"];

/// Pods of the tests, each with a probe in it, beside those of an app.
const PROBES: f64 = 20.0;

/// Kinds that no app renders by itself: those that deploying to a cluster adds, and `ConfigMap`s, which
/// apps may come to need.
const ADDED: [&str; 4] = ["certificates", "configmaps", "jobs", "sealedsecrets"];

#[test]
fn the_quota_has_room_for_every_pod_while_all_are_replaced() {
    for environment in ENVIRONMENTS {
        for namespace in ["invoice", "payments"] {
            let quota = in_tenant(namespace, "ResourceQuota", "tenant");
            for (name, needed) in needed(&rendered::apps(environment), namespace) {
                let allowed = quantity(&quota.at("/spec/hard").unwrap()[&name]);
                assert!(
                    needed <= allowed,
                    "{namespace} in {environment}: {name} {needed} of {allowed}"
                );
            }
        }
    }
}

#[test]
fn no_tenant_may_open_a_door_of_the_cluster() {
    for quota in all_tenants("ResourceQuota") {
        for door in ["services.nodeports", "services.loadbalancers"] {
            assert_eq!(quota.at("/spec/hard").unwrap()[door], "0", "{quota} {door}");
        }
    }
}

#[test]
fn no_limit_range_gives_a_container_limits_that_its_manifest_has_not() {
    for range in all_tenants("LimitRange") {
        let types: Vec<_> = range
            .list("/spec/limits")
            .iter()
            .map(|limit| limit["type"].as_str().unwrap())
            .collect();
        assert_eq!(types, ["Pod", "PersistentVolumeClaim"], "{range}");
    }
}

#[test]
fn every_pod_is_below_the_maximum_of_its_namespace() {
    for environment in ENVIRONMENTS {
        for workload in rendered::apps(environment) {
            let Some(namespace) = workload.namespace().map(str::to_owned) else {
                continue;
            };
            let range = in_tenant(&namespace, "LimitRange", "tenant");
            for resource in ["cpu", "memory"] {
                let limits = containers(&workload)
                    .map(|container| quantity(&container["resources"]["limits"][resource]));
                let maximum = quantity(&range.list("/spec/limits")[0]["max"][resource]);
                assert!(limits.sum::<f64>() <= maximum, "{workload}: {resource}");
            }
        }
    }
}

#[test]
fn the_account_that_deploys_a_team_s_apps_may_write_their_kinds_and_no_others() {
    for namespace in ["invoice", "payments"] {
        let rendered: BTreeSet<_> = ENVIRONMENTS
            .into_iter()
            .flat_map(rendered::apps)
            .filter(|document| document.namespace() == Some(namespace))
            .map(|document| plural(document.kind()))
            .collect();
        let role = in_tenant(namespace, "Role", "argocd-sync");
        let may_create: BTreeSet<_> = role
            .list("/rules")
            .iter()
            .filter(|rule| list(rule, "verbs").contains(&"create"))
            .flat_map(|rule| list(rule, "resources"))
            .map(str::to_owned)
            .collect();
        let missing: Vec<_> = rendered.difference(&may_create).collect();
        assert!(missing.is_empty(), "{namespace}: cannot deploy {missing:?}");
        let more: Vec<_> = may_create
            .difference(&rendered)
            .filter(|kind| !ADDED.contains(&kind.as_str()))
            .collect();
        assert!(more.is_empty(), "{namespace}: no app has {more:?}");
    }
}

/// What the apps of a namespace take at most: each Deployment twice and one more, since pods on their
/// way out still count, and the probes.
fn needed(documents: &[Document], namespace: &str) -> Vec<(String, f64)> {
    let mut pods = PROBES;
    let mut sums = [
        ("requests", "cpu", PROBES * 0.01),
        ("requests", "memory", PROBES * 16.0 * 1024.0 * 1024.0),
        ("limits", "cpu", PROBES * 0.05),
        ("limits", "memory", PROBES * 16.0 * 1024.0 * 1024.0),
    ];
    for workload in documents.iter().filter(|document| {
        document.namespace() == Some(namespace)
            && ["Deployment", "StatefulSet"].contains(&document.kind())
    }) {
        let count = match workload.kind() {
            "Deployment" => replicas(documents, workload) * 2.0 + 1.0,
            _ => replicas(documents, workload),
        };
        pods += count;
        for (side, resource, sum) in &mut sums {
            let each = containers(workload)
                .map(|container| quantity(&container["resources"][*side][*resource]));
            *sum += count * each.sum::<f64>();
        }
    }
    assert!(pods > PROBES, "{namespace} has no pods");
    let named = sums.map(|(side, resource, sum)| (format!("{side}.{resource}"), sum));
    named
        .into_iter()
        .chain([("pods".to_owned(), pods)])
        .collect()
}

/// As many as the autoscaler may ask for, or as the workload says.
fn replicas(documents: &[Document], workload: &Document) -> f64 {
    let scaler = documents.iter().find(|document| {
        document.kind() == "HorizontalPodAutoscaler"
            && document.namespace() == workload.namespace()
            && document.text("/spec/scaleTargetRef/name") == Some(workload.name())
    });
    let count = match scaler {
        Some(scaler) => scaler.at("/spec/maxReplicas"),
        None => workload.at("/spec/replicas"),
    };
    count.and_then(Value::as_f64).unwrap()
}

fn all_tenants(kind: &str) -> Vec<Document> {
    let found: Vec<_> = rendered::tenants()
        .into_iter()
        .filter(|document| document.kind() == kind)
        .collect();
    assert_eq!(found.len(), 3, "{kind}");
    found
}

fn in_tenant(namespace: &str, kind: &str, name: &str) -> Document {
    rendered::tenants()
        .into_iter()
        .find(|document| {
            document.namespace() == Some(namespace)
                && document.kind() == kind
                && document.name() == name
        })
        .unwrap_or_else(|| panic!("no {kind} {namespace}/{name}"))
}

fn list<'a>(rule: &'a Value, field: &str) -> Vec<&'a str> {
    let values = rule[field].as_array().unwrap();
    values.iter().map(|value| value.as_str().unwrap()).collect()
}
