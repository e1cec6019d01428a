use manifests::Document;
use serde_json::Value;

use super::rendered;

/// Everything that makes pods: each `Deployment` and each `StatefulSet`.
pub fn workloads() -> Vec<&'static Document> {
    let makes_pods =
        |document: &&Document| ["Deployment", "StatefulSet"].contains(&document.kind());
    let found: Vec<_> = rendered::documents().filter(makes_pods).collect();
    assert!(!found.is_empty(), "nothing that makes pods is rendered");
    found
}

/// Every Deployment: the apps themselves, without their databases.
pub fn deployments() -> Vec<&'static Document> {
    let found = rendered::of_kind("Deployment");
    assert!(!found.is_empty(), "no Deployment is rendered");
    found
}

/// The containers of a workload's pods, those that run before the others too.
pub fn containers(workload: &Document) -> impl Iterator<Item = &Value> {
    let before = workload.list("/spec/template/spec/initContainers");
    workload
        .list("/spec/template/spec/containers")
        .iter()
        .chain(before)
}

/// The value that a container gives to an environment variable.
pub fn environment<'a>(container: &'a Value, name: &str) -> Option<&'a str> {
    let variables = container["env"].as_array()?;
    variables.iter().find(|variable| variable["name"] == name)?["value"].as_str()
}

/// Whether a selector's `matchLabels` are all among the labels of a workload's pods.
pub fn selects(selector: Option<&Value>, workload: &Document) -> bool {
    let labels = workload.at("/spec/template/metadata/labels");
    let (Some(Value::Object(wanted)), Some(labels)) = (selector, labels) else {
        return false;
    };
    !wanted.is_empty()
        && wanted
            .iter()
            .all(|(name, value)| labels.get(name) == Some(value))
}
