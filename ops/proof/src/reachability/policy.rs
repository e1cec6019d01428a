use ipnet::IpNet;
use manifests::Document;
use serde::Deserialize;

use super::addresses::Addresses;
use super::ports::Protocol;
use super::selector::Selector;

/// A network policy, read strictly: a field that this reading does not know is refused, since it may allow or
/// deny something.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) pods: Selector,
    pub(super) ingress: Option<Vec<Rule>>,
    pub(super) egress: Option<Vec<Rule>>,
}

/// What one entry of `ingress` or `egress` allows.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    /// None is anybody.
    pub(super) peers: Option<Vec<Peer>>,
    /// None is every port.
    pub(super) ports: Option<Vec<PolicyPort>>,
}

#[derive(Debug, Clone)]
pub(super) enum Peer {
    Pods {
        /// None is the policy's own namespace.
        namespaces: Option<Selector>,
        pods: Selector,
    },
    Block {
        text: String,
        addresses: Addresses,
    },
}

#[derive(Debug, Clone)]
pub(super) struct PolicyPort {
    pub(super) protocol: Protocol,
    pub(super) which: Which,
}

#[derive(Debug, Clone)]
pub(super) enum Which {
    Every,
    Named(String),
    Range(u16, u16),
}

/// A policy that the API server would refuse, or that this reading does not know.
#[derive(Debug, thiserror::Error)]
#[error("{policy} cannot be judged: {reason}")]
pub struct Unreadable {
    policy: String,
    reason: String,
}

impl Policy {
    pub(super) fn read(document: &Document) -> Result<Self, Unreadable> {
        let unreadable = |reason: String| Unreadable {
            policy: document.to_string(),
            reason,
        };
        let spec = document.at("/spec").cloned().unwrap_or_default();
        let spec = Spec::deserialize(spec).map_err(|error| unreadable(error.to_string()))?;
        let (governs_ingress, governs_egress) = spec.directions();
        let ingress = spec.ingress.unwrap_or_default().into_iter();
        let ingress = ingress.map(|rule| Rule::read(rule.from, rule.ports));
        let egress = spec.egress.unwrap_or_default().into_iter();
        let egress = egress.map(|rule| Rule::read(rule.to, rule.ports));
        let ingress: Result<Vec<_>, _> = ingress.collect();
        let egress: Result<Vec<_>, _> = egress.collect();
        let (ingress, egress) = (ingress.map_err(unreadable)?, egress.map_err(unreadable)?);
        Ok(Self {
            namespace: document.namespace().unwrap_or("default").to_owned(),
            name: document.name().to_owned(),
            pods: spec.pod_selector.unwrap_or_default(),
            ingress: governs_ingress.then_some(ingress),
            egress: governs_egress.then_some(egress),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Spec {
    pod_selector: Option<Selector>,
    policy_types: Option<Vec<Direction>>,
    ingress: Option<Vec<IngressRule>>,
    egress: Option<Vec<EgressRule>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
enum Direction {
    Ingress,
    Egress,
}

impl Spec {
    /// Which directions the policy governs. Where it does not say, that is what comes in, and what goes out
    /// if there are rules for it.
    fn directions(&self) -> (bool, bool) {
        match self.policy_types.as_deref() {
            None | Some([]) => (
                true,
                self.egress.as_ref().is_some_and(|rules| !rules.is_empty()),
            ),
            Some(types) => (
                types.contains(&Direction::Ingress),
                types.contains(&Direction::Egress),
            ),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IngressRule {
    from: Option<Vec<WrittenPeer>>,
    ports: Option<Vec<WrittenPort>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EgressRule {
    to: Option<Vec<WrittenPeer>>,
    ports: Option<Vec<WrittenPort>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenPeer {
    namespace_selector: Option<Selector>,
    pod_selector: Option<Selector>,
    ip_block: Option<WrittenBlock>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenBlock {
    cidr: String,
    except: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenPort {
    protocol: Option<Protocol>,
    port: Option<NumberOrName>,
    end_port: Option<u16>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrName {
    Number(u16),
    Name(String),
}

impl Rule {
    /// A list that is empty says the same as one that is not there.
    fn read(
        peers: Option<Vec<WrittenPeer>>,
        ports: Option<Vec<WrittenPort>>,
    ) -> Result<Self, String> {
        let peers = peers.unwrap_or_default().into_iter().map(Peer::read);
        let ports = ports.unwrap_or_default().into_iter().map(PolicyPort::read);
        let peers: Vec<_> = peers.collect::<Result<_, _>>()?;
        let ports: Vec<_> = ports.collect::<Result<_, _>>()?;
        Ok(Self {
            peers: (!peers.is_empty()).then_some(peers),
            ports: (!ports.is_empty()).then_some(ports),
        })
    }
}

impl Peer {
    fn read(written: WrittenPeer) -> Result<Self, String> {
        match (
            written.ip_block,
            written.namespace_selector,
            written.pod_selector,
        ) {
            (None, None, None) => Err("a peer without any selector or ipBlock".to_owned()),
            (None, namespaces, pods) => Ok(Self::Pods {
                namespaces,
                pods: pods.unwrap_or_default(),
            }),
            (Some(block), None, None) => block.read(),
            (Some(_), _, _) => Err("a peer with an ipBlock and a selector".to_owned()),
        }
    }
}

impl WrittenBlock {
    fn read(self) -> Result<Peer, String> {
        let block = |text: &str| {
            let block: Result<IpNet, _> = text.parse();
            block.map_err(|_| format!("`{text}` is no block of addresses like 10.0.0.0/8"))
        };
        let mut addresses = Addresses::block(block(&self.cidr)?);
        let mut text = self.cidr;
        for except in self.except.into_iter().flatten() {
            addresses = addresses.difference(&Addresses::block(block(&except)?));
            text = format!("{text} but {except}");
        }
        Ok(Peer::Block { text, addresses })
    }
}

impl PolicyPort {
    fn read(written: WrittenPort) -> Result<Self, String> {
        let which = match (written.port, written.end_port) {
            (None, None) => Which::Every,
            (Some(NumberOrName::Name(name)), None) => Which::Named(name),
            (Some(NumberOrName::Number(0)), _) => return Err("port 0".to_owned()),
            (Some(NumberOrName::Number(port)), None) => Which::Range(port, port),
            (Some(NumberOrName::Number(first)), Some(last)) if first <= last => {
                Which::Range(first, last)
            }
            (_, Some(last)) => {
                return Err(format!("endPort {last} without a number up to it in port"));
            }
        };
        Ok(Self {
            protocol: written.protocol.unwrap_or_default(),
            which,
        })
    }
}

#[cfg(test)]
mod tests {
    use manifests::parse;

    use super::{Policy, Unreadable};

    fn policy(spec: &str) -> Result<Policy, Unreadable> {
        let text = format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n\
             metadata: {{name: p, namespace: n}}\nspec: {spec}\n"
        );
        Policy::read(&parse(&text).unwrap()[0])
    }

    #[test]
    fn without_types_what_comes_in_is_governed_and_what_goes_out_only_by_rules() {
        let governed = |spec| {
            let read = policy(spec).unwrap();
            (read.ingress.is_some(), read.egress.is_some())
        };
        assert_eq!(governed("{podSelector: {}}"), (true, false));
        assert_eq!(
            governed("{podSelector: {}, policyTypes: []}"),
            (true, false)
        );
        assert_eq!(governed("{podSelector: {}, egress: []}"), (true, false));
        assert_eq!(governed("{podSelector: {}, egress: [{}]}"), (true, true));
        assert_eq!(
            governed("{policyTypes: [Egress], ingress: [{}]}"),
            (false, true)
        );
        assert_eq!(governed("{policyTypes: [Ingress, Egress]}"), (true, true));
    }

    #[test]
    fn what_the_api_server_refuses_or_nobody_knows_is_refused() {
        for spec in [
            "{ingress: [{from: [{}]}]}",
            "{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}]}",
            "{ingress: [{from: [{ipBlock: {cidr: ten}}]}]}",
            "{ingress: [{ports: [{port: http, endPort: 90}]}]}",
            "{ingress: [{ports: [{port: 90, endPort: 80}]}]}",
            "{ingress: [{ports: [{endPort: 80}]}]}",
            "{ingress: [{ports: [{port: 0}]}]}",
            "{ingress: [{to: [{podSelector: {}}]}]}",
            "{policyTypes: [Both]}",
            "{deny: []}",
        ] {
            let error = policy(spec).unwrap_err().to_string();
            assert!(
                error.starts_with("NetworkPolicy n/p cannot be judged"),
                "{error}"
            );
        }
        assert!(policy("{ingress: [{ports: [{port: 80, endPort: 90}]}]}").is_ok());
    }
}
