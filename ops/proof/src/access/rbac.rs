use std::collections::BTreeMap;

use manifests::Document;
use serde_json::Value;

use super::matrix::{Grant, Matrix, Place, Resource, Subject};

/// What roles and bindings allow.
#[derive(Debug, Default)]
pub struct Granted {
    /// Who may do what.
    pub matrix: Matrix,
    /// A sentence for each object whose effect cannot be told from what is rendered.
    pub doubts: Vec<String>,
}

const BINDINGS: [&str; 2] = ["RoleBinding", "ClusterRoleBinding"];
const GROUP: &str = "rbac.authorization.k8s.io/";
/// Labels that put a `ClusterRole`'s rules into a built-in role, which others hold.
const AGGREGATED: &str = "rbac.authorization.k8s.io/aggregate-to-";

/// Reads every role and binding as the API server does.
#[must_use]
pub fn granted(documents: &[Document]) -> Granted {
    let access: Vec<_> = documents
        .iter()
        .filter(|document| document.api_version().starts_with(GROUP))
        .collect();
    let known = Roles::of(&access);
    let mut granted = Granted {
        doubts: joins_built_in_roles(&access),
        ..Granted::default()
    };
    for binding in access.iter().filter(|one| BINDINGS.contains(&one.kind())) {
        let Some(rules) = known.bound_by(binding) else {
            granted.doubts.push(format!(
                "{binding}: binds {} {}, which is not rendered, so what it allows cannot be told",
                binding.text("/roleRef/kind").unwrap_or("nothing"),
                binding.text("/roleRef/name").unwrap_or_default()
            ));
            continue;
        };
        let place = match binding.kind() {
            "ClusterRoleBinding" => Place::Cluster,
            _ => Place::Namespace(binding.namespace().unwrap_or("default").to_owned()),
        };
        for subject in binding.list("/subjects") {
            match read_subject(subject) {
                Some(who) => granted.matrix.allow(&who, &place, grants(&rules, &place)),
                None => granted
                    .doubts
                    .push(format!("{binding}: {subject} is nobody whom RBAC knows")),
            }
        }
    }
    granted
}

/// Every role by kind, namespace and name.
struct Roles<'a>(BTreeMap<(&'a str, &'a str, &'a str), Vec<&'a Value>>);

impl<'a> Roles<'a> {
    fn of(access: &[&'a Document]) -> Self {
        let roles = access
            .iter()
            .filter(|one| ["Role", "ClusterRole"].contains(&one.kind()))
            .map(|role| {
                let namespace = match role.kind() {
                    "Role" => role.namespace().unwrap_or("default"),
                    _ => "",
                };
                ((role.kind(), namespace, role.name()), rules(role, access))
            });
        Self(roles.collect())
    }

    fn bound_by(&self, binding: &Document) -> Option<Vec<&'a Value>> {
        let kind = binding.text("/roleRef/kind")?;
        let namespace = match (kind, binding.kind()) {
            // A binding of the whole cluster knows no namespace's roles.
            ("Role", "ClusterRoleBinding") => return None,
            ("Role", _) => binding.namespace().unwrap_or("default"),
            _ => "",
        };
        self.0
            .get(&(kind, namespace, binding.text("/roleRef/name")?))
            .cloned()
    }
}

/// A role's rules. Those of an aggregated one are replaced by the rules of all that it selects.
fn rules<'a>(role: &'a Document, access: &[&'a Document]) -> Vec<&'a Value> {
    if role.at("/aggregationRule").is_none() {
        return role.list("/rules").iter().collect();
    }
    let selectors = role.list("/aggregationRule/clusterRoleSelectors");
    access
        .iter()
        .filter(|other| other.kind() == "ClusterRole" && other.name() != role.name())
        .filter(|other| selectors.iter().any(|selector| selects(selector, other)))
        .flat_map(|other| other.list("/rules"))
        .collect()
}

/// Whether a label selector selects an object.
fn selects(selector: &Value, document: &Document) -> bool {
    let label = |name: &str| {
        document
            .at("/metadata/labels")
            .and_then(|all| all[name].as_str())
    };
    let labels = selector["matchLabels"].as_object().into_iter().flatten();
    let expressions = selector["matchExpressions"]
        .as_array()
        .into_iter()
        .flatten();
    labels
        .map(|(name, value)| label(name) == value.as_str())
        .chain(expressions.map(|expression| {
            let value = label(expression["key"].as_str().unwrap_or_default());
            let among = texts(&expression["values"]).any(|one| Some(one) == value);
            match expression["operator"].as_str() {
                Some("In") => among,
                Some("NotIn") => !among,
                Some("Exists") => value.is_some(),
                Some("DoesNotExist") => value.is_none(),
                _ => false,
            }
        }))
        .all(|holds| holds)
}

fn joins_built_in_roles(access: &[&Document]) -> Vec<String> {
    let mut doubts = Vec::new();
    for role in access.iter().filter(|one| one.kind() == "ClusterRole") {
        let labels = role.at("/metadata/labels").and_then(Value::as_object);
        for label in labels.into_iter().flat_map(|labels| labels.keys()) {
            if let Some(built_in) = label.strip_prefix(AGGREGATED) {
                doubts.push(format!(
                    "{role}: its label adds its rules to the built-in role {built_in}, which others hold"
                ));
            }
        }
    }
    doubts
}

fn read_subject(subject: &Value) -> Option<Subject> {
    let name = subject["name"].as_str().filter(|name| !name.is_empty())?;
    match subject["kind"].as_str()? {
        "Group" => Some(Subject::Group(name.to_owned())),
        "ServiceAccount" => Some(Subject::account(subject["namespace"].as_str()?, name)),
        "User" => Some(
            name.strip_prefix("system:serviceaccount:")
                .and_then(|account| account.split_once(':'))
                .map_or_else(
                    || Subject::User(name.to_owned()),
                    |(namespace, name)| Subject::account(namespace, name),
                ),
        ),
        _ => None,
    }
}

fn grants(rules: &[&Value], place: &Place) -> Vec<Grant> {
    let mut found = Vec::new();
    for rule in rules {
        for verb in texts(&rule["verbs"]) {
            let mut grant = |resource: Resource, object: Option<&str>| {
                found.push(Grant {
                    resource,
                    object: object.map(str::to_owned),
                    verb: verb.to_owned(),
                });
            };
            // A path belongs to no namespace, so a binding of one namespace gives none.
            if *place == Place::Cluster {
                for path in texts(&rule["nonResourceURLs"]) {
                    grant(Resource::Url(path.to_owned()), None);
                }
            }
            for group in texts(&rule["apiGroups"]) {
                for name in texts(&rule["resources"]) {
                    let resource = Resource::Object {
                        group: group.to_owned(),
                        name: name.to_owned(),
                    };
                    // An empty list is as none: all objects.
                    if texts(&rule["resourceNames"]).next().is_none() {
                        grant(resource.clone(), None);
                    }
                    for object in texts(&rule["resourceNames"]) {
                        grant(resource.clone(), Some(object));
                    }
                }
            }
        }
    }
    found
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Request;

    const HEAD: &str = "apiVersion: rbac.authorization.k8s.io/v1\n";

    fn read(objects: &[&str]) -> Granted {
        let text: Vec<_> = objects
            .iter()
            .map(|object| format!("{HEAD}{object}\n"))
            .collect();
        granted(&manifests::parse(&text.join("---\n")).unwrap())
    }

    fn may(granted: &Granted, who: &str, namespace: Option<&str>, resource: &str) -> bool {
        granted.matrix.allows(
            &Subject::parse(who).unwrap(),
            &Request {
                namespace,
                group: "",
                resource,
                object: None,
                verb: "get",
            },
        )
    }

    const READER: &str = "kind: ClusterRole
metadata: {name: reader}
rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]";

    fn bound(kind: &str, subject: &str) -> String {
        format!(
            "kind: {kind}\nmetadata: {{name: b, namespace: invoice}}\n\
             roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}}\n\
             subjects: [{subject}]"
        )
    }

    #[test]
    fn a_cluster_role_bound_in_a_namespace_holds_there_alone() {
        let granted = read(&[READER, &bound("RoleBinding", "{kind: Group, name: team}")]);
        assert!(may(&granted, "group team", Some("invoice"), "pods"));
        assert!(!may(&granted, "group team", Some("payments"), "pods"));
        assert!(!may(&granted, "group team", None, "pods"));
        assert!(granted.doubts.is_empty());
    }

    #[test]
    fn a_cluster_role_bound_in_the_cluster_holds_everywhere() {
        let binding = bound("ClusterRoleBinding", "{kind: Group, name: team}");
        let granted = read(&[READER, &binding]);
        assert!(may(&granted, "group team", Some("payments"), "pods"));
        assert!(may(&granted, "group team", None, "pods"));
    }

    #[test]
    fn an_account_is_the_same_by_its_own_name_and_by_its_user_name() {
        for subject in [
            "{kind: ServiceAccount, namespace: invoice, name: sync}",
            "{kind: User, name: 'system:serviceaccount:invoice:sync'}",
        ] {
            let granted = read(&[READER, &bound("RoleBinding", subject)]);
            assert!(may(
                &granted,
                "account invoice/sync",
                Some("invoice"),
                "pods"
            ));
        }
    }

    #[test]
    fn a_role_of_another_namespace_is_not_the_one_that_is_bound() {
        let role = "kind: Role\nmetadata: {name: reader, namespace: payments}\n\
                    rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]";
        let binding = bound("RoleBinding", "{kind: Group, name: team}")
            .replace("kind: ClusterRole,", "kind: Role,");
        let granted = read(&[role, &binding]);
        assert!(!may(&granted, "group team", Some("invoice"), "pods"));
        assert_eq!(granted.doubts.len(), 1, "{:?}", granted.doubts);
    }

    #[test]
    fn an_aggregated_role_has_the_rules_of_all_that_it_selects() {
        let aggregate = "kind: ClusterRole\nmetadata: {name: reader}\n\
            aggregationRule: {clusterRoleSelectors: [{matchLabels: {a: b}}]}\n\
            rules: [{apiGroups: [''], resources: [nodes], verbs: [get]}]";
        let part = "kind: ClusterRole\nmetadata: {name: part, labels: {a: b}}\n\
            rules: [{apiGroups: [''], resources: [secrets], verbs: [get]}]";
        let other = "kind: ClusterRole\nmetadata: {name: other, labels: {a: c}}\n\
            rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]";
        let binding = bound("ClusterRoleBinding", "{kind: Group, name: team}");
        let granted = read(&[aggregate, part, other, &binding]);
        assert!(may(&granted, "group team", None, "secrets"));
        assert!(!may(&granted, "group team", None, "pods"));
        assert!(!may(&granted, "group team", None, "nodes"));
    }

    #[test]
    fn a_label_that_adds_rules_to_a_built_in_role_is_said() {
        let part = "kind: ClusterRole\n\
            metadata: {name: part, labels: {rbac.authorization.k8s.io/aggregate-to-view: 'true'}}\n\
            rules: [{apiGroups: [''], resources: [secrets], verbs: [get]}]";
        assert!(read(&[part]).doubts[0].contains("built-in role view"));
    }

    #[test]
    fn a_binding_of_a_role_that_is_not_rendered_is_said() {
        let binding = bound("RoleBinding", "{kind: Group, name: team}");
        let granted = read(&[&binding]);
        assert!(granted.doubts[0].contains("which is not rendered"));
    }

    #[test]
    fn paths_are_granted_by_bindings_of_the_cluster_alone() {
        let role = "kind: ClusterRole\nmetadata: {name: reader}\n\
            rules: [{nonResourceURLs: [/metrics], verbs: [get]}]";
        let rows = |kind: &str| {
            let binding = bound(kind, "{kind: Group, name: team}");
            let granted = read(&[role, &binding]);
            granted
                .matrix
                .rows()
                .map(|(_, _, grants)| grants.len())
                .sum::<usize>()
        };
        assert_eq!(rows("ClusterRoleBinding"), 1);
        assert_eq!(rows("RoleBinding"), 0);
    }
}
