use std::collections::BTreeMap;

use serde::Deserialize;

/// The labels of a pod or a namespace.
pub type Labels = BTreeMap<String, String>;

/// A label selector; the empty one selects everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Selector {
    match_labels: Option<Labels>,
    match_expressions: Option<Vec<Requirement>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Requirement {
    key: String,
    operator: Operator,
    #[serde(default)]
    values: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

/// The value of a label that only has to be there.
const ANY: &str = "any";

impl Selector {
    /// Whether all of its requirements are met.
    pub(super) fn selects(&self, labels: &Labels) -> bool {
        let mut equal = self.match_labels.iter().flatten();
        let mut required = self.match_expressions.iter().flatten();
        equal.all(|(key, value)| labels.get(key) == Some(value))
            && required.all(|requirement| requirement.is_met(labels))
    }
}

impl Selector {
    /// The fewest labels that it selects, one set for each value that it lets them have.
    pub(super) fn examples(&self) -> Vec<Labels> {
        let mut all = vec![self.match_labels.clone().unwrap_or_default()];
        for requirement in self.match_expressions.iter().flatten() {
            let values = match requirement.operator {
                Operator::In => requirement.values.clone().unwrap_or_default(),
                Operator::Exists => vec![ANY.to_owned()],
                Operator::NotIn | Operator::DoesNotExist => continue,
            };
            let with = |labels: &Labels, value: &String| {
                let mut labels = labels.clone();
                let known = labels.entry(requirement.key.clone());
                known.or_insert_with(|| value.clone());
                labels
            };
            all = all
                .iter()
                .flat_map(|labels| values.iter().map(|value| with(labels, value)))
                .collect();
        }
        all.retain(|labels| self.selects(labels));
        all.dedup();
        all
    }
}

impl Requirement {
    fn is_met(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.key);
        let listed = value.is_some_and(|value| {
            self.values
                .as_ref()
                .is_some_and(|values| values.contains(value))
        });
        match self.operator {
            Operator::In => listed,
            // A label that is not there has none of the values.
            Operator::NotIn => !listed,
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Labels, Selector};

    fn selects(selector: Value, labels: &[(&str, &str)]) -> bool {
        let labels: Labels = labels
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        serde_json::from_value::<Selector>(selector)
            .unwrap()
            .selects(&labels)
    }

    #[test]
    fn the_empty_selector_selects_everything() {
        assert!(selects(json!({}), &[]));
        assert!(selects(json!({}), &[("a", "1")]));
    }

    #[test]
    fn all_requirements_have_to_be_met() {
        let both = json!({"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "b", "operator": "Exists"}]});
        assert!(selects(both.clone(), &[("a", "1"), ("b", "2")]));
        assert!(!selects(both.clone(), &[("a", "1")]));
        assert!(!selects(both, &[("b", "2")]));
    }

    #[test]
    fn a_label_that_is_absent_is_not_in_and_does_not_exist() {
        let one = |operator: &str, values: Value| json!({"matchExpressions": [{"key": "a", "operator": operator, "values": values}]});
        assert!(selects(one("NotIn", json!(["1"])), &[]));
        assert!(selects(one("NotIn", json!(["1"])), &[("a", "2")]));
        assert!(!selects(one("NotIn", json!(["1"])), &[("a", "1")]));
        assert!(!selects(one("In", json!(["1"])), &[]));
        assert!(selects(one("In", json!(["0", "1"])), &[("a", "1")]));
        assert!(selects(one("DoesNotExist", json!(null)), &[]));
        assert!(!selects(one("DoesNotExist", json!([])), &[("a", "1")]));
    }

    #[test]
    fn examples_are_selected_and_have_nothing_more() {
        let examples = |selector: Value| {
            let selector: Selector = serde_json::from_value(selector).unwrap();
            let all = selector.examples().into_iter();
            all.map(|labels| {
                labels
                    .into_iter()
                    .map(|(key, value)| key + "=" + &value)
                    .collect::<Vec<_>>()
                    .join(",")
            })
            .collect::<Vec<_>>()
        };
        let expression = |key: &str, operator: &str, values: Value| json!({"key": key, "operator": operator, "values": values});
        assert_eq!(examples(json!({})), [""]);
        assert_eq!(
            examples(json!({"matchLabels": {"a": "1"}, "matchExpressions": [
                expression("b", "In", json!(["2", "3"])),
                expression("c", "Exists", json!(null)),
                expression("d", "NotIn", json!(["4"])),
            ]})),
            ["a=1,b=2,c=any", "a=1,b=3,c=any"]
        );
        let nobody = json!({"matchLabels": {"a": "1"}, "matchExpressions": [expression("a", "In", json!(["2"]))]});
        assert!(examples(nobody).is_empty());
    }

    #[test]
    fn what_is_not_known_of_selectors_is_refused() {
        for wrong in [
            json!({"matchLabel": {}}),
            json!({"matchExpressions": [{"key": "a", "operator": "Gt"}]}),
        ] {
            assert!(serde_json::from_value::<Selector>(wrong).is_err());
        }
    }
}
