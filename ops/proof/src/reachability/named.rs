use std::collections::BTreeMap;

use super::addresses::Addresses;
use super::cast::ELSEWHERE;
use super::place::{Kind, NamedPort, Place, Pod};
use super::policy::{Peer, Policy, PolicyPort, Rule, Which};
use super::selector::{Labels, Selector};
use super::world::NAMESPACE_NAME;

/// A name of a port says nothing of its number, and whoever makes the pod chooses it.
const CHOSEN: u16 = 1;

/// Those whom a policy selects though nobody is there: a rule for them lets in whoever comes and wears these
/// labels, and would otherwise not be seen.
pub(super) fn by(
    policies: &[Policy],
    namespaces: &mut BTreeMap<String, Labels>,
    ours: &BTreeMap<String, Labels>,
    places: &mut Vec<Place>,
    inside: &Addresses,
) {
    let ports = names_of_ports(policies);
    for policy in policies {
        let itself = (None, &policy.pods);
        for (of_namespaces, pods) in peers(policy).chain([itself]) {
            for somebody in examples(policy, of_namespaces, pods) {
                let there = places.iter().any(|place| somebody.is(place, namespaces));
                let Some(namespace) = somebody.namespace(ours).filter(|_| !there) else {
                    continue;
                };
                let named = |name: &String| (NAMESPACE_NAME.to_owned(), name.clone());
                let labels = || {
                    somebody
                        .around
                        .iter()
                        .map(|(key, value)| (key.clone(), value.clone()))
                };
                namespaces
                    .entry(namespace.clone())
                    .or_insert_with(|| [named(&namespace)].into_iter().chain(labels()).collect());
                places.push(Place {
                    name: format!("{namespace}/{}", worn(&somebody.labels)),
                    kind: Kind::Pod(Pod {
                        namespace,
                        labels: somebody.labels,
                        ports: ports.clone(),
                        uid: None,
                    }),
                    addresses: inside.clone(),
                });
            }
        }
    }
}

/// A pod with the fewest labels that a peer selects.
struct Somebody<'a> {
    of_namespaces: Option<&'a Selector>,
    pods: &'a Selector,
    /// The policy's own namespace.
    home: &'a str,
    /// The labels of its namespace.
    around: Labels,
    labels: Labels,
}

fn examples<'a>(
    policy: &'a Policy,
    of_namespaces: Option<&'a Selector>,
    pods: &'a Selector,
) -> Vec<Somebody<'a>> {
    let around = of_namespaces.map_or_else(|| vec![Labels::new()], Selector::examples);
    let all = around.into_iter().flat_map(|around| {
        pods.examples().into_iter().map(move |labels| Somebody {
            of_namespaces,
            pods,
            home: &policy.namespace,
            around: around.clone(),
            labels,
        })
    });
    all.collect()
}

impl Somebody<'_> {
    fn is(&self, place: &Place, namespaces: &BTreeMap<String, Labels>) -> bool {
        let Some(pod) = place.pod() else { return false };
        let at_home = match self.of_namespaces {
            None => pod.namespace == self.home,
            Some(selector) => namespaces
                .get(&pod.namespace)
                .is_some_and(|labels| selector.selects(labels) && holds(labels, &self.around)),
        };
        at_home && self.pods.selects(&pod.labels) && holds(&pod.labels, &self.labels)
    }

    /// Where it lives; nowhere when one of our namespaces would need a label that it does not have.
    fn namespace(&self, ours: &BTreeMap<String, Labels>) -> Option<String> {
        if self.of_namespaces.is_none() {
            return Some(self.home.to_owned());
        }
        let mut worn = self.around.clone();
        let name = worn.remove(NAMESPACE_NAME);
        let known = name.as_ref().and_then(|name| ours.get(name));
        match (name, known) {
            (Some(name), Some(labels)) => holds(labels, &worn).then_some(name),
            (Some(name), None) if worn.is_empty() => Some(name),
            (Some(name), None) => Some(format!("{name} {}", self::worn(&worn))),
            (None, _) if worn.is_empty() => Some(ELSEWHERE.to_owned()),
            (None, _) => Some(format!("namespace {}", self::worn(&worn))),
        }
    }
}

fn holds(labels: &Labels, some: &Labels) -> bool {
    some.iter()
        .all(|(key, value)| labels.get(key) == Some(value))
}

/// Labels as a part of a place's name.
fn worn(labels: &Labels) -> String {
    let each: Vec<_> = labels
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    if each.is_empty() {
        "stranger".to_owned()
    } else {
        format!("with {}", each.join(" and "))
    }
}

fn rules(policy: &Policy) -> impl Iterator<Item = &Rule> {
    [&policy.ingress, &policy.egress]
        .into_iter()
        .flatten()
        .flatten()
}

fn peers(policy: &Policy) -> impl Iterator<Item = (Option<&Selector>, &Selector)> {
    let peers = rules(policy).flat_map(|rule| rule.peers.iter().flatten());
    peers.filter_map(|peer| match peer {
        Peer::Pods { namespaces, pods } => Some((namespaces.as_ref(), pods)),
        Peer::Block { .. } => None,
    })
}

fn names_of_ports(policies: &[Policy]) -> Vec<NamedPort> {
    let ports = policies.iter().flat_map(rules);
    let ports = ports.flat_map(|rule| rule.ports.iter().flatten());
    let named = ports.filter_map(|port| match port {
        PolicyPort {
            protocol,
            which: Which::Named(name),
        } => Some(NamedPort {
            name: name.clone(),
            protocol: *protocol,
            port: CHOSEN,
        }),
        PolicyPort { .. } => None,
    });
    let mut all: Vec<NamedPort> = Vec::new();
    for port in named {
        if !all.contains(&port) {
            all.push(port);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use manifests::parse;

    use super::super::cast::Surroundings;
    use super::super::world::World;
    use crate::rendered::Rendered;

    /// The places that are there because a policy of namespace `n` says this.
    fn named_by(spec: &str) -> Vec<String> {
        let text = format!(
            "{{apiVersion: v1, kind: Namespace, metadata: {{name: n, labels: {{team: n}}}}}}\n---\n\
             {{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: p, namespace: n}}, spec: {spec}}}"
        );
        let places = |text: &str| {
            let rendered = Rendered::of_documents("any", parse(text).unwrap());
            let world = World::of(&rendered, &Surroundings::default()).unwrap();
            let names = world.places().iter().map(|place| place.name.clone());
            names.collect::<Vec<_>>()
        };
        let before = places(text.split("---").next().unwrap());
        let mut after = places(&text);
        after.retain(|name| !before.contains(name));
        after
    }

    #[test]
    fn whoever_is_there_already_is_not_made_up() {
        for peer in [
            "{podSelector: {}}",
            "{namespaceSelector: {}}",
            "{namespaceSelector: {matchLabels: {team: n}}}",
            "{namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [n]}]}}",
            "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, \
              podSelector: {matchLabels: {k8s-app: kube-dns}}}",
            "{ipBlock: {cidr: 10.0.0.0/8}}",
        ] {
            let names = named_by(&format!("{{ingress: [{{from: [{peer}]}}]}}"));
            assert!(names.is_empty(), "{peer}: {names:?}");
        }
    }

    #[test]
    fn each_value_that_a_selector_names_is_somebody() {
        for (peer, names) in [
            ("{podSelector: {matchLabels: {a: b}}}", &["n/with a=b"][..]),
            (
                "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: other}}}",
                &["other/stranger"],
            ),
            (
                "{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, \
                  values: [kube-system, x, y]}]}}",
                &["x/stranger", "y/stranger"],
            ),
            (
                "{namespaceSelector: {matchLabels: {env: a/b}}, podSelector: {matchLabels: {c: d}}}",
                &["namespace with env=a/b/with c=d"],
            ),
            (
                "{namespaceSelector: {}, podSelector: {matchExpressions: [{key: c, operator: Exists}]}}",
                &["elsewhere/with c=any"],
            ),
            // Nobody but the platform labels our namespaces.
            (
                "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: n, team: m}}}",
                &[],
            ),
        ] {
            let ingress = named_by(&format!("{{ingress: [{{from: [{peer}]}}]}}"));
            assert_eq!(ingress, names, "{peer}");
            let egress = named_by(&format!("{{egress: [{{to: [{peer}]}}]}}"));
            assert_eq!(egress, names, "{peer}");
        }
    }

    #[test]
    fn whom_a_policy_governs_is_somebody_too() {
        let names = named_by("{podSelector: {matchLabels: {role: debug}}, egress: [{}]}");
        assert_eq!(names, ["n/with role=debug"]);
    }
}
