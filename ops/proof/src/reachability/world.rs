use std::collections::{BTreeMap, BTreeSet};

use crate::rendered::Rendered;

use super::cast::{self, Surroundings};
use super::decision::{Allowance, Decision, Side};
use super::named;
use super::place::{Kind, Place, Pod};
use super::policy::{Peer, Policy, PolicyPort, Rule, Unreadable, Which};
use super::ports::PortSet;
use super::selector::Labels;

/// The label that every namespace has and nobody can change.
pub(super) const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

const ITSELF: &str = "a pod always reaches itself";
const NODE: &str =
    "policies do not govern a node's network, and a node and its pods always reach each other";

/// Everything that decides who reaches whom.
#[derive(Debug, Clone)]
pub struct World {
    namespaces: BTreeMap<String, Labels>,
    policies: Vec<Policy>,
    places: Vec<Place>,
    ours: BTreeSet<String>,
}

impl World {
    /// The policies and workloads that were rendered, and strangers, thieves of labels, those whom only a
    /// policy names, and the platform around them.
    ///
    /// # Errors
    /// When a policy cannot be judged.
    pub fn of(rendered: &Rendered, around: &Surroundings) -> Result<Self, Unreadable> {
        let ours = cast::our_namespaces(rendered);
        let (namespaces, places) = cast::of(rendered, &ours, around);
        let mut world = Self::with(rendered, namespaces, places)?;
        named::by(
            &world.policies,
            &mut world.namespaces,
            &ours,
            &mut world.places,
            &around.inside,
        );
        world.ours = ours.into_keys().collect();
        Ok(world)
    }

    /// The policies that were rendered, with namespaces and places of one's own.
    ///
    /// # Errors
    /// When a policy cannot be judged.
    pub fn with(
        rendered: &Rendered,
        namespaces: BTreeMap<String, Labels>,
        places: Vec<Place>,
    ) -> Result<Self, Unreadable> {
        let policies = rendered.of_kind("NetworkPolicy").map(Policy::read);
        Ok(Self {
            policies: policies.collect::<Result<_, _>>()?,
            ours: namespaces.keys().cloned().collect(),
            namespaces,
            places,
        })
    }

    /// Everybody who may reach others or be reached.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The place of this name.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<&Place> {
        self.places.iter().find(|place| place.name == name)
    }

    /// The labels of a namespace.
    #[must_use]
    pub fn namespace_labels(&self, namespace: &str) -> Labels {
        self.namespaces.get(namespace).cloned().unwrap_or_default()
    }

    /// Whether a place is in one of our namespaces.
    pub(super) fn is_ours(&self, place: &Place) -> bool {
        let namespace = place.name.split_once('/').map(|(namespace, _)| namespace);
        namespace.is_some_and(|namespace| self.ours.contains(namespace))
    }

    /// Whether, on which ports and why one place reaches another.
    #[must_use]
    pub fn decide(&self, from: &Place, to: &Place) -> Decision {
        if let (Some(one), Some(other)) = (from.pod(), to.pod())
            && one.uid.is_some()
            && one.uid == other.uid
        {
            return Decision::Always(ITSELF);
        }
        if from.kind == Kind::Node || to.kind == Kind::Node {
            return Decision::Always(NODE);
        }
        Decision::Both {
            out: self.side(from, to, to, |policy| policy.egress.as_deref()),
            into: self.side(to, from, to, |policy| policy.ingress.as_deref()),
        }
    }

    /// What the policies of `subject` allow with `other`, when `to` is the one of them that is called.
    fn side(
        &self,
        subject: &Place,
        other: &Place,
        to: &Place,
        rules: impl Fn(&Policy) -> Option<&[Rule]>,
    ) -> Side {
        let Some(pod) = subject.pod() else {
            return Side::Ungoverned;
        };
        let governing = self.policies.iter().filter_map(|policy| {
            let selected = policy.namespace == pod.namespace && policy.pods.selects(&pod.labels);
            Some((policy, rules(policy).filter(|_| selected)?))
        });
        let governing: Vec<_> = governing.collect();
        if governing.is_empty() {
            return Side::Ungoverned;
        }
        let name = |policy: &Policy| format!("{}/{}", policy.namespace, policy.name);
        let allowances = governing.iter().flat_map(|(policy, rules)| {
            let numbered = rules.iter().enumerate();
            numbered.filter_map(move |(index, rule)| {
                let admitted = self.admits(policy, rule, other)?;
                let ports = ports(rule, to.pod());
                (!ports.is_empty()).then(|| Allowance {
                    policy: name(policy),
                    rule: index + 1,
                    ports,
                    by_address: admitted.by_address,
                })
            })
        });
        Side::Governed {
            rules: allowances.collect(),
            policies: governing.iter().map(|(policy, _)| name(policy)).collect(),
        }
    }

    fn admits(&self, policy: &Policy, rule: &Rule, other: &Place) -> Option<Admitted> {
        let Some(peers) = &rule.peers else {
            return Some(Admitted { by_address: None });
        };
        let fitting: Vec<_> = peers
            .iter()
            .filter(|peer| self.fits(policy, peer, other))
            .collect();
        let blocks: Option<Vec<&str>> = fitting
            .iter()
            .map(|peer| match peer {
                Peer::Block { text, .. } => Some(text.as_str()),
                Peer::Pods { .. } => None,
            })
            .collect();
        (!fitting.is_empty()).then(|| Admitted {
            by_address: blocks.map(|blocks| blocks.join(", ")),
        })
    }

    fn fits(&self, policy: &Policy, peer: &Peer, other: &Place) -> bool {
        match peer {
            Peer::Block { addresses, .. } => addresses.meet(&other.addresses),
            Peer::Pods { namespaces, pods } => other.pod().is_some_and(|pod| {
                let namespace = match namespaces {
                    None => pod.namespace == policy.namespace,
                    Some(selector) => self
                        .namespaces
                        .get(&pod.namespace)
                        .is_some_and(|labels| selector.selects(labels)),
                };
                namespace && pods.selects(&pod.labels)
            }),
        }
    }
}

struct Admitted {
    by_address: Option<String>,
}

/// The ports of a rule. A name means what the pod that is called means by it, and nothing outside the cluster.
fn ports(rule: &Rule, to: Option<&Pod>) -> PortSet {
    let Some(ports) = &rule.ports else {
        return PortSet::every();
    };
    let one = |port: &PolicyPort| match &port.which {
        Which::Every => PortSet::range(port.protocol, 1, u16::MAX),
        Which::Range(first, last) => PortSet::range(port.protocol, *first, *last),
        Which::Named(name) => {
            to.map_or_else(PortSet::default, |pod| pod.named(name, port.protocol))
        }
    };
    ports
        .iter()
        .fold(PortSet::default(), |all, port| all.union(&one(port)))
}
