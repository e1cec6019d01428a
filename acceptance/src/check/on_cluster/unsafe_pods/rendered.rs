//! Whether the policies and bindings that hold are those that were rendered for this cluster. One exception
//! more, of a namespace that no trial is about, shows here alone.

use std::path::Path;

use proof::admission::Request;
use proof::rendered::Rendered;
use serde_json::{Map, Value, json};

use super::ClusterWorld;
use crate::failure::{Failure, ensure};

/// Written by deploy.sh in the repository's root, where acceptance runs.
const FOLDER: &str = ".deploy/render/clusters/local";

const POLICY: &str = "ValidatingAdmissionPolicy";
const BINDING: &str = "ValidatingAdmissionPolicyBinding";

/// How many were compared.
pub(super) async fn is_what_holds(world: &ClusterWorld) -> Result<usize, Failure> {
    let rendered = folder("cluster")?;
    let wanted = rendered.of_kind(POLICY).chain(rendered.of_kind(BINDING));
    let wanted: Vec<_> = wanted.map(|document| document.value().clone()).collect();
    ensure(!wanted.is_empty(), || {
        format!("{FOLDER}/cluster has no policies")
    })?;
    for object in &wanted {
        let (kind, name) = (&object["kind"], &object["metadata"]["name"]);
        let address =
            json!({"apiVersion": object["apiVersion"], "kind": kind, "metadata": {"name": name}});
        let held = world.cluster.object(&Request::create(address)).await?;
        let field = difference(&held, object);
        ensure(field.is_none(), || {
            format!(
                "the cluster's {} {} is not what was rendered: {} differs",
                kind.as_str().unwrap_or_default(),
                name.as_str().unwrap_or_default(),
                field.unwrap_or_default()
            )
        })?;
    }
    Ok(wanted.len())
}

/// What was rendered for one of Argo CD's Applications.
pub(super) fn folder(name: &str) -> Result<Rendered, Failure> {
    let rendered = Rendered::of_folder(&Path::new(FOLDER).join(name), "local");
    rendered.map_err(|error| {
        Failure::wrong(format!("{error}; ./deploy.sh renders it, run it once more"))
    })
}

/// The first field of the two specifications that differs.
fn difference(held: &Value, rendered: &Value) -> Option<String> {
    let (held, rendered) = (completed(&held["spec"]), completed(&rendered["spec"]));
    let fields = [&held, &rendered].into_iter().filter_map(Value::as_object);
    let mut fields = fields.flat_map(Map::keys);
    let differing = fields.find(|field| held.get(field) != rendered.get(field))?;
    Some(format!("/spec/{differing}"))
}

/// A specification with what the API server writes where nothing is written. It does not store empty lists.
fn completed(specification: &Value) -> Value {
    let mut specification = specification.clone();
    without_empty_lists(&mut specification);
    if specification.get("matchConstraints").is_some() {
        fill(&mut specification, "failurePolicy", json!("Fail"));
    }
    for place in ["matchConstraints", "matchResources"] {
        let Some(place) = specification.get_mut(place) else {
            continue;
        };
        fill(place, "matchPolicy", json!("Equivalent"));
        fill(place, "namespaceSelector", json!({}));
        fill(place, "objectSelector", json!({}));
        for list in ["resourceRules", "excludeResourceRules"] {
            fill_each(place, list, "scope", &json!("*"));
        }
    }
    specification
}

fn fill(object: &mut Value, field: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.entry(field).or_insert(value);
    }
}

fn fill_each(object: &mut Value, list: &str, field: &str, value: &Value) {
    let elements = object.get_mut(list).and_then(Value::as_array_mut);
    for element in elements.into_iter().flatten() {
        fill(element, field, value.clone());
    }
}

fn without_empty_lists(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| field.as_array().is_none_or(|list| !list.is_empty()));
            fields.values_mut().for_each(without_empty_lists);
        }
        Value::Array(elements) => elements.iter_mut().for_each(without_empty_lists),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::difference;

    fn binding(excepted: &[&str]) -> Value {
        json!({"spec": {"policyName": "p", "validationActions": ["Deny"], "matchResources": {
            "namespaceSelector": {"matchExpressions": [
                {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": excepted}]}}}})
    }

    #[test]
    fn one_exception_more_is_a_difference_and_what_is_filled_in_is_none() {
        let rendered = binding(&["kube-system"]);
        let mut held = rendered.clone();
        held["spec"]["matchResources"]["objectSelector"] = json!({});
        held["spec"]["matchResources"]["matchPolicy"] = json!("Equivalent");
        assert_eq!(difference(&held, &rendered), None);
        assert_eq!(
            difference(&binding(&["kube-system", "evil"]), &rendered).as_deref(),
            Some("/spec/matchResources")
        );
    }

    #[test]
    fn a_binding_that_only_warns_or_goes_by_a_label_is_a_difference() {
        let rendered = binding(&["kube-system"]);
        let mut held = rendered.clone();
        held["spec"]["validationActions"] = json!(["Warn"]);
        assert!(difference(&held, &rendered).is_some());
        let mut held = rendered.clone();
        held["spec"]["matchResources"]["objectSelector"] = json!({"matchLabels": {"a": "b"}});
        assert!(difference(&held, &rendered).is_some());
    }

    fn policy() -> Value {
        json!({"spec": {"variables": [], "validations": [{"expression": "true", "message": "m"}],
            "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"],
                "operations": ["CREATE"], "resources": ["pods"]}]}}})
    }

    /// As an API server returns it.
    fn filled_in() -> Value {
        let mut held = policy();
        let spec = held["spec"].as_object_mut().unwrap();
        spec.remove("variables");
        spec.insert("failurePolicy".to_owned(), json!("Fail"));
        let place = &mut held["spec"]["matchConstraints"];
        place["matchPolicy"] = json!("Equivalent");
        place["namespaceSelector"] = json!({});
        place["objectSelector"] = json!({});
        place["resourceRules"][0]["scope"] = json!("*");
        held
    }

    #[test]
    fn every_field_of_a_policy_is_compared_and_its_defaults_are_known() {
        assert_eq!(difference(&filled_in(), &policy()), None);
        let rule = json!({"apiGroups": ["*"], "resourceNames": ["excepted"]});
        for (pointer, field, value) in [
            ("/spec", "failurePolicy", json!("Ignore")),
            ("/spec", "paramKind", json!({"kind": "ConfigMap"})),
            (
                "/spec",
                "matchConditions",
                json!([{"name": "but", "expression": "false"}]),
            ),
            ("/spec/matchConstraints", "matchPolicy", json!("Exact")),
            (
                "/spec/matchConstraints",
                "excludeResourceRules",
                json!([rule]),
            ),
            (
                "/spec/matchConstraints/resourceRules/0",
                "resourceNames",
                json!(["a"]),
            ),
            (
                "/spec/matchConstraints/resourceRules/0",
                "operations",
                json!(["UPDATE"]),
            ),
            (
                "/spec/matchConstraints/resourceRules/0",
                "scope",
                json!("Cluster"),
            ),
            ("/spec/validations/0", "expression", json!("1 == 1")),
        ] {
            let mut held = filled_in();
            held.pointer_mut(pointer).unwrap()[field] = value;
            assert!(difference(&held, &policy()).is_some(), "{pointer}/{field}");
        }
    }

    #[test]
    fn a_binding_that_takes_parameters_or_is_for_some_kinds_is_a_difference() {
        let rendered = binding(&["kube-system"]);
        let mut held = rendered.clone();
        held["spec"]["paramRef"] = json!({"name": "p"});
        assert_eq!(
            difference(&held, &rendered).as_deref(),
            Some("/spec/paramRef")
        );
        let mut held = rendered.clone();
        held["spec"]["matchResources"]["resourceRules"] = json!([{"resources": ["pods"]}]);
        assert!(difference(&held, &rendered).is_some());
    }
}
