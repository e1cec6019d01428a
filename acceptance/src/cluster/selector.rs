//! Whether a label selector selects: the cluster's API answers that for lists only.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

type Labels = BTreeMap<String, String>;

/// Whether the selector selects something with these labels. An empty selector selects everything.
pub(crate) fn selects(selector: &LabelSelector, labels: &Labels) -> bool {
    let equal = selector
        .match_labels
        .iter()
        .flatten()
        .all(|(key, value)| labels.get(key) == Some(value));
    equal
        && selector
            .match_expressions
            .iter()
            .flatten()
            .all(|requirement| meets(requirement, labels))
}

fn meets(requirement: &LabelSelectorRequirement, labels: &Labels) -> bool {
    let value = labels.get(&requirement.key);
    let listed = value.is_some_and(|value| {
        requirement
            .values
            .iter()
            .flatten()
            .any(|listed| listed == value)
    });
    match requirement.operator.as_str() {
        "In" => listed,
        "NotIn" => !listed,
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        // The API accepts no other; selecting nothing makes the check that asked fail.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::selects;
    use serde_json::json;

    fn asks(selector: serde_json::Value) -> bool {
        let labels = [("name", "ingress"), ("tier", "edge")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()));
        selects(&serde_json::from_value(selector).unwrap(), &labels.into())
    }

    #[test]
    fn an_empty_selector_selects_everything() {
        assert!(asks(json!({})));
    }

    #[test]
    fn every_label_must_be_equal() {
        assert!(asks(
            json!({"matchLabels": {"name": "ingress", "tier": "edge"}})
        ));
        assert!(!asks(
            json!({"matchLabels": {"name": "ingress", "tier": "other"}})
        ));
    }

    #[test]
    fn every_expression_must_hold() {
        let expression = |operator: &str, key: &str, values: &[&str]| json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
        assert!(asks(expression("In", "name", &["traefik", "ingress"])));
        assert!(!asks(expression("NotIn", "name", &["ingress"])));
        assert!(asks(expression("NotIn", "absent", &["ingress"])));
        assert!(asks(expression("Exists", "tier", &[])));
        assert!(!asks(expression("DoesNotExist", "tier", &[])));
    }
}
