//! Who reaches whom, tried from everybody's place.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use futures_util::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::ListParams;
use proof::reachability::{
    COLLECTOR, Collector, Expected, Matrix, Place, Protocol, Surroundings, World,
    differences_around,
};

use super::ClusterWorld;
use crate::check::Seen;
use crate::check::doors::Deployment;
use crate::cluster::pods::{address, endpoint, is_ready};
use crate::cluster::probe_pod::{LISTEN_PORT, ProbePod, Reach, judge};
use crate::failure::{Failure, ensure};

/// The file that the manifests are held to, as it was when this program was built.
const EXPECTED: &str = include_str!("../../../../reachability.yaml");
/// Nothing listens there, so that only a refusal can be seen on it.
const UNUSED_PORT: u16 = 1;
/// As many as a small node starts at once.
const AT_ONCE: usize = 15;

/// Where a probe may connect to.
struct Target {
    /// As the matrix names it.
    place: String,
    address: String,
    /// The TCP ports on which something listens.
    open: Vec<u16>,
    /// The port on which it answers DNS by datagrams. Of no other datagram is an answer known.
    dns: Option<u16>,
}

/// The policies that run allow what reachability.yaml lists, and pods in everybody's place get through there
/// and nowhere else.
pub(crate) async fn as_computed(world: &ClusterWorld) -> Seen {
    let expected = Expected::read(EXPECTED).map_err(|error| Failure::wrong(error.to_string()))?;
    let environment = &world.target.environment;
    let workloads = expected.workloads(environment);
    let running = world.cluster.running(environment, &workloads).await?;
    let prometheus = world.cluster.prometheus().await?;
    let collector = world.cluster.collector().await?;
    let around = Surroundings {
        ingress_controller: world.cluster.ingress_controller().await?.namespace,
        prometheus: prometheus.clone().unwrap_or_default(),
        collector: collector.map(|one| Collector {
            namespace: one.namespace,
            labels: one.labels,
        }),
        ..Surroundings::default()
    };
    let found = differences_around(&running, &expected, &around);
    ensure(found.is_empty(), || {
        format!("the cluster's policies differ: {}", found.join("; "))
    })?;
    let computed =
        World::of(&running, &around).map_err(|error| Failure::wrong(error.to_string()))?;
    let namespaces = Namespaces::make(world, &computed).await?;
    let targets = targets(world, &computed, &namespaces).await?;
    let places = Matrix::of(&computed).places;
    let places = places.iter().filter_map(|name| computed.place(name));
    let places: Vec<_> = places.collect();
    let callers: Vec<_> = places
        .iter()
        .filter_map(|place| Some((*place, namespaces.of(place)?)))
        .collect();
    let untried = untried(&places, &callers, &targets);
    world.console().step(&format!(
        "reaching for {} places from {} places",
        targets.len(),
        callers.len()
    ));
    let count = callers.len();
    let tried = stream::iter(callers)
        .map(|(from, namespace)| try_from(world, &computed, from, namespace, &targets))
        .buffer_unordered(AT_ONCE)
        .try_collect::<Vec<_>>()
        .await?;
    let (allowed, denied) = tried.iter().fold((0, 0), |(a, d), (allowed, denied)| {
        (a + allowed, d + denied)
    });
    Ok(format!(
        "from {count} places, {allowed} connections got through and {denied} timed out, as computed; {untried}"
    ))
}

/// What was computed and not tried, in words.
fn untried(places: &[&Place], callers: &[(&Place, &str)], targets: &[Target]) -> String {
    let calling: BTreeSet<_> = callers
        .iter()
        .map(|(place, _)| place.name.as_str())
        .collect();
    let called: BTreeSet<_> = targets.iter().map(|target| target.place.as_str()).collect();
    let (no_callers, no_targets) = (
        names(places, |name| !calling.contains(name)),
        names(places, |name| !called.contains(name)),
    );
    let pairs = places.len() * places.len() - calling.len() * called.len();
    format!(
        "not tried, of {} pairs: {pairs}, those from {no_callers} and those to {no_targets}, and datagrams \
         besides DNS",
        places.len() * places.len()
    )
}

/// Those that are made up stand for nobody who could be called, and are counted.
fn names(places: &[&Place], wanted: impl Fn(&str) -> bool) -> String {
    let (made_up, real): (Vec<&Place>, Vec<&Place>) = places
        .iter()
        .filter(|place| wanted(&place.name))
        .partition(|place| place.is_made_up());
    let mut words: Vec<_> = real.iter().map(|place| place.name.clone()).collect();
    if !made_up.is_empty() {
        words.push(format!("{} who wear labels of others", made_up.len()));
    }
    words.join(", ")
}

/// Everything within reach of one place, tried by one pod; how many got through and how many did not.
async fn try_from(
    world: &ClusterWorld,
    computed: &World,
    from: &Place,
    namespace: &str,
    targets: &[Target],
) -> Result<(usize, usize), Failure> {
    let mut reach = Reach::default();
    for target in targets {
        let Some(to) = computed.place(&target.place) else {
            continue;
        };
        let ports = computed.decide(from, to).ports();
        for port in target.open.iter().copied() {
            let list = if ports.contains(Protocol::Tcp, port) {
                &mut reach.allowed
            } else {
                &mut reach.denied
            };
            list.push(endpoint(&target.address, port));
        }
        if let Some(port) = target.dns {
            let server = format!("dns://{}", endpoint(&target.address, port));
            let list = if ports.contains(Protocol::Udp, port) {
                &mut reach.allowed
            } else {
                &mut reach.denied
            };
            list.push(server);
        }
        if !ports.contains(Protocol::Tcp, UNUSED_PORT) {
            reach.denied.push(endpoint(&target.address, UNUSED_PORT));
        }
    }
    ensure(!reach.allowed.is_empty(), || {
        format!(
            "nothing is within reach of {}, so its refusals would prove nothing",
            from.name
        )
    })?;
    let labels = from.pod().map(|pod| pod.labels.clone()).unwrap_or_default();
    let labels: Vec<_> = labels
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    let pod = ProbePod {
        namespace,
        role: "reach",
        labels: &labels,
    };
    let findings = world.cluster.reach(&pod, &reach).await?;
    judge(&from.name, &reach, &findings)?;
    Ok((reach.allowed.len(), reach.denied.len()))
}

/// From the namespaces of the matrix to those of the cluster. Nobody of ours starts pods in the namespace of
/// the cluster's own programs, nor in one that only a policy names.
struct Namespaces(BTreeMap<String, String>);

const NOT_OURS: &str = "kube-system";

impl Namespaces {
    async fn make(world: &ClusterWorld, computed: &World) -> Result<Self, Failure> {
        let mut all = BTreeMap::new();
        let known = world.cluster.namespaces().await?;
        for place in computed.places() {
            let Some(pod) = place.pod() else { continue };
            // Where there is no Prometheus, its namespace has no name.
            if pod.namespace == NOT_OURS || pod.namespace.is_empty() {
                continue;
            }
            let name = match pod.namespace.as_str() {
                "elsewhere" | "imitation" if all.contains_key(&pod.namespace) => continue,
                "elsewhere" => world.cluster.scratch_namespace().await?,
                "imitation" => {
                    let labels = computed.namespace_labels(&pod.namespace);
                    world.cluster.imitating_namespace(&labels).await?
                }
                own if known.iter().any(|name| name == own) => own.to_owned(),
                _ => continue,
            };
            all.insert(pod.namespace.clone(), name);
        }
        Ok(Self(all))
    }

    /// Nor does anybody of ours pose as the collector beside its pods: what selects them by their labels, as a
    /// `DaemonSet` does, would take ours for its own.
    fn of(&self, place: &Place) -> Option<&str> {
        if place.name == COLLECTOR {
            return None;
        }
        self.0.get(&place.pod()?.namespace).map(String::as_str)
    }
}

/// A running pod of each workload and of the cluster's DNS, and a listener in place of each stranger.
async fn targets(
    world: &ClusterWorld,
    computed: &World,
    namespaces: &Namespaces,
) -> Result<Vec<Target>, Failure> {
    let places = computed.places().iter();
    let found = places.map(|place| target(world, place, namespaces));
    let found = try_join_all(found).await?;
    Ok(found.into_iter().flatten().collect())
}

/// None where nobody can be called.
async fn target(
    world: &ClusterWorld,
    place: &Place,
    namespaces: &Namespaces,
) -> Result<Option<Target>, Failure> {
    let Some(pod) = place.pod() else {
        return Ok(None);
    };
    if place.name.ends_with("/stranger") {
        return match namespaces.of(place) {
            Some(namespace) => listener(world, place, namespace).await.map(Some),
            None => Ok(None),
        };
    }
    if place.is_made_up() || pod.labels.is_empty() {
        return Ok(None);
    }
    let of = |protocol| {
        pod.ports
            .iter()
            .filter(move |port| port.protocol == protocol)
    };
    let Some(running) = running(world, place).await? else {
        // A Job that is done has no port to be called on.
        ensure(pod.ports.is_empty(), || {
            format!(
                "{} has no ready pod, so who reaches it cannot be tried",
                place.name
            )
        })?;
        return Ok(None);
    };
    let dns = of(Protocol::Udp).find(|port| port.name == "dns");
    Ok(Some(Target {
        place: place.name.clone(),
        address: address(&running)?,
        open: of(Protocol::Tcp).map(|port| port.port).collect(),
        dns: dns.map(|port| port.port),
    }))
}

/// A pod that listens in a stranger's place.
async fn listener(world: &ClusterWorld, place: &Place, namespace: &str) -> Result<Target, Failure> {
    let listener = ProbePod {
        namespace,
        role: "listener",
        labels: &[],
    };
    let at = world.cluster.listener(&listener).await?;
    let address = at.rsplit_once(':').map_or(at.as_str(), |(host, _)| host);
    Ok(Target {
        place: place.name.clone(),
        address: address.trim_matches(['[', ']']).to_owned(),
        open: vec![LISTEN_PORT],
        dns: None,
    })
}

/// One that is ready and wears all of the place's labels.
async fn running(world: &ClusterWorld, place: &Place) -> Result<Option<Pod>, Failure> {
    let Some(pod) = place.pod() else {
        return Ok(None);
    };
    let labels = pod
        .labels
        .iter()
        .map(|(key, value)| format!("{key}={value}"));
    let labels = labels.collect::<Vec<_>>().join(",");
    let pods = world
        .cluster
        .api::<Pod>(&pod.namespace)
        .list(&ListParams::default().labels(&labels))
        .await;
    let pods = pods.map_err(Failure::cluster(format!("list the pods of {}", place.name)))?;
    let mut ready: Vec<_> = pods.items.into_iter().filter(is_ready).collect();
    ready.sort_by_key(ResourceExt::name_any);
    Ok(ready.into_iter().next())
}
