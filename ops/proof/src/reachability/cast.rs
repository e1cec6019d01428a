use std::collections::{BTreeMap, BTreeSet};

use crate::rendered::Rendered;

use super::addresses::Addresses;
use super::place::{Kind, NamedPort, Place, Pod, template};
use super::ports::Protocol;
use super::selector::Labels;
use super::world::NAMESPACE_NAME;

/// Who is there besides the workloads: the names that a cluster gives to what is not ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    /// The namespace of the ingress controller.
    pub ingress_controller: String,
    /// The namespace of Prometheus.
    pub prometheus: String,
    /// Who takes traces and logs; none where nothing is sent.
    pub collector: Option<Collector>,
    /// The addresses that pods and nodes may have; all others are the internet.
    pub inside: Addresses,
}

/// A collector of traces and logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collector {
    /// Its namespace.
    pub namespace: String,
    /// The labels by which its pods are found.
    pub labels: Labels,
}

impl Collector {
    fn pod(&self) -> Pod {
        Pod {
            namespace: self.namespace.clone(),
            labels: self.labels.clone(),
            ports: vec![OTLP],
            uid: None,
        }
    }
}

impl Surroundings {
    /// Who is one of those that a name stands for, though it has a name of its own: the ingress controller and
    /// Prometheus are any pod of their namespace.
    pub(super) fn neighbours(&self) -> Vec<(&'static str, &'static str)> {
        let collector = self.collector.as_ref();
        let whole = [
            (INGRESS_CONTROLLER, &self.ingress_controller),
            (PROMETHEUS, &self.prometheus),
        ];
        let all = collector.map(|one| (COLLECTOR, &one.namespace));
        let all: Vec<_> = whole.into_iter().chain(all).collect();
        let mut found = Vec::new();
        for (any, namespace) in whole {
            let beside = all
                .iter()
                .filter(|(name, of)| *name != any && *of == namespace);
            found.extend(beside.map(|(name, _)| (*name, any)));
        }
        found
    }
}

impl Default for Surroundings {
    /// The names in the repository; deploy.sh writes those of the cluster at hand.
    fn default() -> Self {
        Self {
            ingress_controller: "ingress-nginx".to_owned(),
            prometheus: "monitoring".to_owned(),
            collector: Some(Collector {
                namespace: "telemetry".to_owned(),
                labels: Labels::from([(
                    "app.kubernetes.io/name".to_owned(),
                    "opentelemetry-collector".to_owned(),
                )]),
            }),
            inside: Addresses::private(),
        }
    }
}

const DNS_NAMESPACE: &str = "kube-system";
const DNS_LABEL: (&str, &str) = ("k8s-app", "kube-dns");

/// A namespace of somebody else's, without any label.
pub(super) const ELSEWHERE: &str = "elsewhere";
/// One that wears every label of ours; the label with its name nobody can choose.
const IMITATION: &str = "imitation";

const INGRESS_CONTROLLER: &str = "ingress-controller";
const PROMETHEUS: &str = "prometheus";
/// How the pods that take traces and logs are called; in a cluster without any nobody is.
pub const COLLECTOR: &str = "collector";
const OTLP: NamedPort = NamedPort {
    name: String::new(),
    protocol: Protocol::Tcp,
    port: 4318,
};

/// The places that are no pods of ours.
pub(super) const AROUND: [&str; 5] = [
    INGRESS_CONTROLLER,
    PROMETHEUS,
    COLLECTOR,
    "kube-dns",
    "internet",
];

/// The namespaces with their labels, and everybody in them.
pub(super) fn of(
    rendered: &Rendered,
    ours: &BTreeMap<String, Labels>,
    around: &Surroundings,
) -> (BTreeMap<String, Labels>, Vec<Place>) {
    let workloads = workloads(rendered, &around.inside);
    let mut places = workloads.clone();
    places.extend(strangers(ours, around));
    places.extend(thieves(ours, &workloads, around));
    places.extend(platform(around));
    (namespaces(ours, around), places)
}

/// The namespaces that are rendered, and those of workloads.
pub(super) fn our_namespaces(rendered: &Rendered) -> BTreeMap<String, Labels> {
    let labelled = rendered.of_kind("Namespace").map(|namespace| {
        let labels = namespace
            .at("/metadata/labels")
            .and_then(|labels| labels.as_object());
        let labels = labels
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
        (namespace.name().to_owned(), labels.collect())
    });
    let mut all: BTreeMap<String, Labels> = labelled.collect();
    for document in rendered.documents() {
        if template(document).is_some() {
            let namespace = document.namespace().unwrap_or("default");
            all.entry(namespace.to_owned()).or_default();
        }
    }
    all
}

fn namespaces(ours: &BTreeMap<String, Labels>, around: &Surroundings) -> BTreeMap<String, Labels> {
    let mut all = ours.clone();
    let worn = ours.values().flatten();
    let worn = worn.map(|(key, value)| (key.clone(), value.clone()));
    all.insert(IMITATION.to_owned(), worn.collect());
    let collector = around.collector.iter();
    let names = [
        ELSEWHERE,
        DNS_NAMESPACE,
        &around.ingress_controller,
        &around.prometheus,
    ];
    for name in collector.map(|one| one.namespace.as_str()).chain(names) {
        all.entry(name.to_owned()).or_default();
    }
    for (name, labels) in &mut all {
        labels.insert(NAMESPACE_NAME.to_owned(), name.clone());
    }
    all
}

fn workloads(rendered: &Rendered, addresses: &Addresses) -> Vec<Place> {
    let mut names = BTreeSet::new();
    let found = rendered.documents().iter().filter_map(|document| {
        let namespace = document.namespace().unwrap_or("default");
        let template = template(document)?;
        let mut name = format!("{namespace}/{}", document.name());
        if !names.insert(name.clone()) {
            name = format!("{name} ({})", document.kind());
        }
        Some(Place::of_template(name, namespace, template, addresses))
    });
    found.collect()
}

/// A pod without labels in each namespace. The ingress controller and Prometheus are such pods themselves.
fn strangers(ours: &BTreeMap<String, Labels>, around: &Surroundings) -> Vec<Place> {
    let namespaces = ours.keys().map(String::as_str);
    let collector = around.collector.iter().map(|one| one.namespace.as_str());
    let beside_it =
        collector.filter(|name| around.ingress_controller != *name && around.prometheus != *name);
    namespaces
        .chain([ELSEWHERE, DNS_NAMESPACE])
        .chain(beside_it)
        .map(|namespace| {
            let name = format!("{namespace}/stranger");
            pod(name, namespace, Labels::new(), Vec::new(), around)
        })
        .collect()
}

/// Pods that wear the labels of a workload, of the cluster's DNS or of the collector, where these do not live.
fn thieves(
    ours: &BTreeMap<String, Labels>,
    workloads: &[Place],
    around: &Surroundings,
) -> Vec<Place> {
    let namespaces: Vec<_> = ours.keys().map(String::as_str).chain([IMITATION]).collect();
    let victims = workloads.iter().filter_map(|place| {
        let name = place.name.split_once('/').map_or("", |(_, name)| name);
        Some((name.to_owned(), place.pod()?.clone()))
    });
    let collector = around.collector.as_ref().map(Collector::pod);
    let victims = victims
        .chain([("kube-dns".to_owned(), dns())])
        .chain(collector.map(|pod| (COLLECTOR.to_owned(), pod)));
    let thieves = victims.flat_map(|(victim, worn)| {
        let abroad = namespaces
            .iter()
            .filter(|namespace| **namespace != worn.namespace);
        let pods = abroad.map(|namespace| {
            let name = format!("{namespace}/posing-as-{victim}");
            (name, (*namespace).to_owned(), worn.clone())
        });
        pods.collect::<Vec<_>>()
    });
    thieves
        .map(|(name, namespace, victim)| pod(name, &namespace, victim.labels, victim.ports, around))
        .collect()
}

fn platform(around: &Surroundings) -> Vec<Place> {
    let [ingress, prometheus, collector, kube_dns, internet] = AROUND.map(str::to_owned);
    let nobody = Labels::new;
    let dns = dns();
    let collector = around.collector.iter().map(|one| Place {
        name: collector.clone(),
        kind: Kind::Pod(one.pod()),
        addresses: around.inside.clone(),
    });
    let mut places: Vec<_> = collector.collect();
    places.extend([
        pod(
            ingress,
            &around.ingress_controller,
            nobody(),
            Vec::new(),
            around,
        ),
        pod(prometheus, &around.prometheus, nobody(), Vec::new(), around),
        pod(kube_dns, DNS_NAMESPACE, dns.labels, dns.ports, around),
        Place {
            name: internet,
            kind: Kind::Outside,
            addresses: Addresses::every().difference(&around.inside),
        },
        Place {
            name: "node".to_owned(),
            kind: Kind::Node,
            addresses: around.inside.clone(),
        },
    ]);
    places
}

fn dns() -> Pod {
    let (key, value) = DNS_LABEL;
    let port = |name: &str, protocol| NamedPort {
        name: name.to_owned(),
        protocol,
        port: 53,
    };
    Pod {
        namespace: DNS_NAMESPACE.to_owned(),
        labels: Labels::from([(key.to_owned(), value.to_owned())]),
        ports: vec![port("dns", Protocol::Udp), port("dns-tcp", Protocol::Tcp)],
        uid: None,
    }
}

fn pod(
    name: String,
    namespace: &str,
    labels: Labels,
    ports: Vec<NamedPort>,
    around: &Surroundings,
) -> Place {
    Place {
        name,
        kind: Kind::Pod(Pod {
            namespace: namespace.to_owned(),
            labels,
            ports,
            uid: None,
        }),
        addresses: around.inside.clone(),
    }
}
