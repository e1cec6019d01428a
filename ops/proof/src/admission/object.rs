//! Objects as the API server has them when policies are asked: with what it fills in by itself.

use serde_json::{Map, Value, json};

/// Fills in what the API server does before it asks the policies. Only what a policy could look at.
#[must_use]
pub fn ready_for_admission(mut object: Value) -> Value {
    match object["kind"].as_str() {
        Some("Service") => fill(&mut object["spec"], "type", json!("ClusterIP")),
        // In a pod alone; in a template limits stand for themselves.
        Some("Pod") => requests_from_limits(&mut object["spec"]),
        _ => {}
    }
    if let Some(spec) = pod_specification(&mut object) {
        host_ports_from_the_host_network(spec);
        volumes_are_empty_folders(spec);
    }
    object
}

fn pod_specification(object: &mut Value) -> Option<&mut Value> {
    let place = match object["kind"].as_str()? {
        "Pod" => "/spec",
        "PodTemplate" => "/template/spec",
        "CronJob" => "/spec/jobTemplate/spec/template/spec",
        _ => "/spec/template/spec",
    };
    object.pointer_mut(place)
}

fn fill(object: &mut Value, field: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.entry(field).or_insert(value);
    }
}

fn containers(spec: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let lists = spec.as_object_mut().into_iter().flatten();
    lists
        .filter(|(name, _)| matches!(name.as_str(), "containers" | "initContainers"))
        .filter_map(|(_, list)| list.as_array_mut())
        .flatten()
        .filter_map(Value::as_object_mut)
}

fn requests_from_limits(spec: &mut Value) {
    for container in containers(spec) {
        let Some(resources) = container.get_mut("resources") else {
            continue;
        };
        let limits = resources["limits"].as_object().cloned().unwrap_or_default();
        if limits.is_empty() {
            continue;
        }
        fill(resources, "requests", json!({}));
        for (resource, quantity) in limits {
            fill(&mut resources["requests"], &resource, quantity);
        }
    }
}

fn host_ports_from_the_host_network(spec: &mut Value) {
    if spec["hostNetwork"] != true {
        return;
    }
    let ports = containers(spec)
        .filter_map(|container| container.get_mut("ports")?.as_array_mut())
        .flatten();
    for port in ports {
        let number = port["containerPort"].clone();
        fill(port, "hostPort", number);
    }
}

fn volumes_are_empty_folders(spec: &mut Value) {
    let volumes = spec.get_mut("volumes").and_then(Value::as_array_mut);
    for volume in volumes.into_iter().flatten() {
        if volume.as_object().is_some_and(|fields| fields.len() == 1) {
            fill(volume, "emptyDir", json!({}));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_requests_what_it_is_limited_to() {
        let container = json!({"name": "c", "resources": {"limits": {"cpu": "1", "memory": "2"}, "requests": {"cpu": "3"}}});
        let pod = ready_for_admission(json!({"kind": "Pod", "spec": {"containers": [container]}}));
        let requests = &pod["spec"]["containers"][0]["resources"]["requests"];
        assert_eq!(*requests, json!({"cpu": "3", "memory": "2"}));
        let template = json!({"kind": "Deployment", "spec": {"template": {"spec": {"containers": [container]}}}});
        assert_eq!(ready_for_admission(template.clone()), template);
    }

    #[test]
    fn a_pod_on_the_nodes_network_takes_the_nodes_ports() {
        let spec = json!({"hostNetwork": true, "containers": [{"ports": [{"containerPort": 80}]}]});
        let pod = ready_for_admission(json!({"kind": "Pod", "spec": spec}));
        assert_eq!(pod["spec"]["containers"][0]["ports"][0]["hostPort"], 80);
    }

    #[test]
    fn a_service_without_a_type_is_inside_the_cluster() {
        let service = ready_for_admission(json!({"kind": "Service", "spec": {}}));
        assert_eq!(service["spec"]["type"], "ClusterIP");
    }
}
