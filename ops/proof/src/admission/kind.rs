use manifests::plural;
use serde_json::{Value, json};

/// A kind of object, as requests name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// Empty for the core.
    pub group: String,
    /// `v1`, for example.
    pub version: String,
    /// `Deployment`, for example.
    pub kind: String,
    /// `deployments`, for example.
    pub resource: String,
}

/// Every built-in kind that a pod can be written in.
pub(super) const WITH_PODS: [(&str, &str); 9] = [
    ("v1", "Pod"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "ReplicaSet"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
    ("v1", "ReplicationController"),
    ("v1", "PodTemplate"),
];

impl Kind {
    /// The kind of an object.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        let text = |field: &str| object[field].as_str().unwrap_or_default();
        let (group, version) = text("apiVersion")
            .split_once('/')
            .unwrap_or(("", text("apiVersion")));
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: text("kind").to_owned(),
            resource: plural(text("kind")),
        }
    }
}

/// An object of `kind` around a pod's metadata and specification.
pub(super) fn around(api_version: &str, kind: &str, pod: &Value) -> Value {
    let labels = &pod["metadata"]["labels"];
    let mut pod = pod.clone();
    if kind.ends_with("Job") {
        pod["spec"]["restartPolicy"] = json!("Never");
    }
    let selector = json!({"matchLabels": {SELECTED_BY: labels[SELECTED_BY]}});
    let mut object = match kind {
        "Pod" => json!({"spec": pod["spec"]}),
        "PodTemplate" => json!({"template": pod}),
        "Job" => json!({"spec": {"template": pod}}),
        "CronJob" => {
            json!({"spec": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": pod}}}})
        }
        "ReplicationController" => {
            json!({"spec": {"replicas": 0, "selector": selector["matchLabels"], "template": pod}})
        }
        "DaemonSet" => json!({"spec": {"selector": selector, "template": pod}}),
        _ => json!({"spec": {"replicas": 0, "selector": selector, "template": pod}}),
    };
    object["apiVersion"] = json!(api_version);
    object["kind"] = json!(kind);
    object["metadata"] = json!({"labels": labels});
    object
}

/// A label that no case changes, so that a workload always selects its own pods.
pub(super) const SELECTED_BY: &str = "invoice-platform.example/admission-case";
