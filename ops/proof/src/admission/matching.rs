//! Which requests a policy or a binding is for.

use std::collections::BTreeMap;

use serde_json::Value;

use super::request::Request;
use super::specification::{
    MatchPolicy, MatchResources, Operator, Requirement, ResourceRule, Selector,
};

/// The label that the API server itself puts on each namespace.
pub(super) const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

impl MatchResources {
    /// Whether it is for this request, made in a namespace with these labels.
    pub(super) fn include(&self, request: &Request, namespace: &BTreeMap<String, String>) -> bool {
        // No list is no restriction, an empty one includes nothing.
        let listed = self
            .resource_rules
            .as_ref()
            .is_none_or(|rules| rules.iter().any(|rule| rule.includes(request)));
        let excluded = self
            .exclude_resource_rules
            .iter()
            .any(|rule| rule.includes(request));
        // What is in no namespace is not selected by one.
        let from_there = request.namespace.is_none() || self.namespace_selector.selects(namespace);
        listed && !excluded && from_there && self.selects_object(request)
    }

    /// Whether something is left out by name or kind that rules include.
    pub(super) fn excludes(&self) -> bool {
        !self.exclude_resource_rules.is_empty()
    }

    /// Whether other versions of the same kinds pass it by.
    pub(super) fn is_exact(&self) -> bool {
        self.match_policy == MatchPolicy::Exact
    }

    /// Whether a label decides that people can set: only the name of a namespace is beyond them.
    pub(super) fn goes_by_labels(&self) -> bool {
        let objects = &self.object_selector;
        let namespaces = &self.namespace_selector;
        let keys = namespaces.match_labels.keys();
        let required = namespaces.match_expressions.iter();
        let mut keys = keys.chain(required.map(|requirement| &requirement.key));
        !objects.match_labels.is_empty()
            || !objects.match_expressions.is_empty()
            || keys.any(|key| key != NAMESPACE_NAME)
    }

    /// What the selector of namespaces leaves out by a list.
    pub(super) fn excepted_names(&self) -> impl Iterator<Item = &str> {
        let requirements = self.namespace_selector.match_expressions.iter();
        requirements
            .filter(|requirement| requirement.operator == Operator::NotIn)
            .flat_map(|requirement| &requirement.values)
            .map(String::as_str)
    }

    /// The object as it will be or as it was: either is enough.
    fn selects_object(&self, request: &Request) -> bool {
        if self.object_selector.is_empty() {
            return true;
        }
        [&request.object, &request.old_object]
            .into_iter()
            .filter(|object| !object.is_null())
            .any(|object| self.object_selector.selects(&labels(object)))
    }
}

impl ResourceRule {
    fn includes(&self, request: &Request) -> bool {
        let kind = &request.kind;
        let scope_fits = match self.scope.as_deref() {
            None | Some("*") => true,
            Some("Namespaced") => request.namespace.is_some(),
            Some(_) => request.namespace.is_none(),
        };
        let named = self.resource_names.is_empty() || self.resource_names.contains(&request.name);
        any_of(&self.api_groups, &kind.group)
            && any_of(&self.api_versions, &kind.version)
            && any_of(&self.operations, request.operation.name())
            && self
                .resources
                .iter()
                .any(|resource| covers(resource, &kind.resource, &request.subresource))
            && named
            && scope_fits
    }
}

fn any_of(listed: &[String], wanted: &str) -> bool {
    listed.iter().any(|entry| entry == "*" || entry == wanted)
}

/// `pods`, `pods/log`, `pods/*`, `*/scale`, `*` (all but sub-resources) and `*/*`.
fn covers(entry: &str, resource: &str, subresource: &str) -> bool {
    let (of, sub) = entry.split_once('/').unwrap_or((entry, ""));
    (of == "*" || of == resource) && (sub == subresource || sub == "*")
}

impl Selector {
    fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }

    fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        let equal = |(key, value): (&String, &String)| labels.get(key) == Some(value);
        self.match_labels.iter().all(equal)
            && self
                .match_expressions
                .iter()
                .all(|requirement| requirement.holds(labels))
    }
}

impl Requirement {
    fn holds(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.key);
        let listed = value.is_some_and(|value| self.values.contains(value));
        match self.operator {
            Operator::In => listed,
            Operator::NotIn => !listed,
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

/// The labels of an object.
pub(super) fn labels(object: &Value) -> BTreeMap<String, String> {
    let written = object
        .pointer("/metadata/labels")
        .and_then(Value::as_object);
    let written = written.into_iter().flatten();
    written
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sub_resources_are_covered_only_when_they_are_named() {
        assert!(covers("pods", "pods", ""));
        assert!(!covers("pods", "pods", "ephemeralcontainers"));
        assert!(covers(
            "pods/ephemeralcontainers",
            "pods",
            "ephemeralcontainers"
        ));
        assert!(covers("pods/*", "pods", "log"));
        assert!(covers("*/scale", "deployments", "scale"));
        assert!(covers("*", "pods", ""));
        assert!(!covers("*", "pods", "log"));
        assert!(covers("*/*", "pods", "log") && covers("*/*", "pods", ""));
    }

    fn includes(resources: &Value, namespace: &str) -> bool {
        let resources: MatchResources = serde_json::from_value(resources.clone()).unwrap();
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata":
            {"name": "p", "namespace": namespace, "labels": {"app": "a"}}});
        let labels = [("name".to_owned(), namespace.to_owned())].into();
        resources.include(&Request::create(pod), &labels)
    }

    #[test]
    fn no_rules_include_everything_and_an_empty_list_nothing() {
        assert!(includes(&json!({}), "n"));
        assert!(!includes(&json!({"resourceRules": []}), "n"));
    }

    #[test]
    fn each_part_of_a_rule_has_to_fit() {
        let rule = json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]});
        assert!(includes(&json!({"resourceRules": [rule]}), "n"));
        for (field, value) in [
            ("apiGroups", json!(["apps"])),
            ("apiVersions", json!(["v2"])),
            ("operations", json!(["UPDATE"])),
            ("resources", json!(["services"])),
            ("resourceNames", json!(["other"])),
            ("scope", json!("Cluster")),
        ] {
            let mut other = rule.clone();
            other[field] = value;
            assert!(
                !includes(&json!({"resourceRules": [other]}), "n"),
                "{field}"
            );
        }
        let excluded = json!({"resourceRules": [rule], "excludeResourceRules": [rule]});
        assert!(!includes(&excluded, "n"));
    }

    #[test]
    fn namespaces_are_selected_by_all_operators() {
        let selected = |expression: Value| {
            let resources = json!({"namespaceSelector": {"matchExpressions": [expression]}});
            (includes(&resources, "a"), includes(&resources, "b"))
        };
        let expression = |operator: &str, values: Value| json!({"key": "name", "operator": operator, "values": values});
        assert_eq!(selected(expression("In", json!(["a"]))), (true, false));
        assert_eq!(selected(expression("NotIn", json!(["a"]))), (false, true));
        assert_eq!(
            selected(json!({"key": "name", "operator": "Exists"})),
            (true, true)
        );
        assert_eq!(
            selected(json!({"key": "name", "operator": "DoesNotExist"})),
            (false, false)
        );
        assert_eq!(
            selected(json!({"key": "other", "operator": "NotIn", "values": ["a"]})),
            (true, true)
        );
    }

    #[test]
    fn an_object_is_selected_by_its_own_labels() {
        assert!(includes(
            &json!({"objectSelector": {"matchLabels": {"app": "a"}}}),
            "n"
        ));
        assert!(!includes(
            &json!({"objectSelector": {"matchLabels": {"app": "b"}}}),
            "n"
        ));
    }
}
