//! Whether the policies and bindings that hold are those that were rendered for this cluster. One exception
//! more, of a namespace that no trial is about, shows here alone.

use std::path::Path;

use proof::admission::Request;
use proof::rendered::Rendered;
use serde_json::{Value, json};

use super::ClusterWorld;
use crate::failure::{Failure, ensure};

/// Written by deploy.sh in the repository's root, where acceptance runs.
const FOLDER: &str = ".deploy/render/clusters/local/cluster";

const POLICY: &str = "ValidatingAdmissionPolicy";
const BINDING: &str = "ValidatingAdmissionPolicyBinding";

/// What the API server stores as it is written.
const FIELDS: [&str; 11] = [
    "/spec/policyName",
    "/spec/validationActions",
    "/spec/matchResources/namespaceSelector",
    "/spec/matchResources/objectSelector",
    "/spec/matchResources/excludeResourceRules",
    "/spec/failurePolicy",
    "/spec/matchConditions",
    "/spec/matchConstraints/namespaceSelector",
    "/spec/matchConstraints/objectSelector",
    "/spec/variables",
    "/spec/validations",
];

/// How many were compared.
pub(super) async fn is_what_holds(world: &ClusterWorld) -> Result<usize, Failure> {
    let rendered = Rendered::of_folder(Path::new(FOLDER), "local");
    let rendered = rendered.map_err(|error| {
        Failure::wrong(format!("{error}; ./deploy.sh renders it, run it once more"))
    })?;
    let wanted = rendered.of_kind(POLICY).chain(rendered.of_kind(BINDING));
    let wanted: Vec<_> = wanted.map(|document| document.value().clone()).collect();
    ensure(!wanted.is_empty(), || format!("{FOLDER} has no policies"))?;
    for object in &wanted {
        let (kind, name) = (&object["kind"], &object["metadata"]["name"]);
        let address =
            json!({"apiVersion": object["apiVersion"], "kind": kind, "metadata": {"name": name}});
        let held = world.cluster.object(&Request::create(address)).await?;
        let field = difference(&held, object);
        ensure(field.is_none(), || {
            format!(
                "{kind} {name} is not what was rendered: {} differs",
                field.unwrap_or_default()
            )
        })?;
    }
    Ok(wanted.len())
}

fn difference(held: &Value, rendered: &Value) -> Option<&'static str> {
    let mut fields = FIELDS.into_iter();
    fields.find(|field| stored(held, field) != stored(rendered, field))
}

/// An empty selector or list is filled in where there is none.
fn stored<'a>(object: &'a Value, field: &str) -> Option<&'a Value> {
    let value = object.pointer(field)?;
    let empty = value.as_object().is_some_and(serde_json::Map::is_empty)
        || value.as_array().is_some_and(Vec::is_empty);
    (!empty).then_some(value)
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
            difference(&binding(&["kube-system", "evil"]), &rendered),
            Some("/spec/matchResources/namespaceSelector")
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
}
