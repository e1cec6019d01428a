//! Who reaches payment-provider. Each refusal stands beside a target that the same pod does reach.

use k8s_openapi::api::core::v1::Service;
use serde_json::json;

use super::ClusterWorld;
use crate::check::Seen;
use crate::check::doors::Deployment;
use crate::cluster::LABEL;
use crate::cluster::app::{App, DATABASE_PORT};
use crate::cluster::pods::{address, endpoint};
use crate::cluster::probe_pod::{ProbePod, Reach, judge};
use crate::failure::{Failure, ensure};
use probe::outcome::{Finding, Outcome};

const ROLE: &str = "invoice-platform.example/acceptance-role";
const NOT_ENFORCED: &str = "this cluster does not enforce NetworkPolicies: a pod was reached although a policy of its \
    namespace denies it. Use a cluster whose network does (kind: disable the default CNI and install Calico or Cilium; \
    minikube: --cni=calico)";

/// A purpose-made policy keeps one of two equal pods from being reached.
pub(crate) async fn policies_are_enforced(world: &ClusterWorld) -> Seen {
    let namespace = world.cluster.scratch_namespace().await?;
    let deny = json!({"podSelector": {"matchLabels": {ROLE: "shut"}}, "policyTypes": ["Ingress"]});
    world.cluster.add_policy(&namespace, "deny", deny).await?;
    let listener = |role: &'static str, labels| ProbePod {
        namespace: &namespace,
        role,
        labels,
    };
    let open = world
        .cluster
        .listener(&listener("open", &[(ROLE, "open")]))
        .await?;
    let shut = world
        .cluster
        .listener(&listener("shut", &[(ROLE, "shut")]))
        .await?;
    let reach = Reach {
        allowed: vec![open],
        denied: vec![shut.clone()],
    };
    let stranger = ProbePod {
        namespace: &namespace,
        role: "stranger",
        labels: &[],
    };
    let findings = world.cluster.reach(&stranger, &reach).await?;
    let through = findings
        .iter()
        .any(|finding| finding.target == shut && finding.outcome == Outcome::Connected);
    ensure(!through, || String::from(NOT_ENFORCED))?;
    judge("a stranger", &reach, &findings)?;
    Ok(format!(
        "of two equal listeners one was reached, the one that a policy shuts timed out ({})",
        longest(&findings)
    ))
}

/// A stranger whom nothing keeps from going out.
pub(crate) async fn stranger_elsewhere(world: &ClusterWorld) -> Seen {
    let namespace = world.cluster.scratch_namespace().await?;
    let listener = ProbePod {
        namespace: &namespace,
        role: "listener",
        labels: &[],
    };
    let reach = Reach {
        allowed: vec![world.cluster.listener(&listener).await?],
        denied: kept_shut(world).await?,
    };
    let stranger = ProbePod {
        namespace: &namespace,
        role: "stranger",
        labels: &[],
    };
    world.console().step(&format!(
        "reaching for {} addresses from namespace {namespace}",
        reach.denied.len()
    ));
    let findings = world.cluster.reach(&stranger, &reach).await?;
    judge("a stranger elsewhere", &reach, &findings)?;
    Ok(seen(&reach, &findings))
}

/// A stranger in invoice-app's own namespace, whom a trial policy lets out everywhere.
pub(crate) async fn stranger_in_invoice(world: &ClusterWorld) -> Seen {
    let namespace = world.cluster.scratch_namespace().await?;
    let listener = ProbePod {
        namespace: &namespace,
        role: "listener",
        labels: &[],
    };
    let allowed = vec![world.cluster.listener(&listener).await?];
    let invoice = App::InvoiceApp.namespace();
    let out = json!({
        "podSelector": {"matchLabels": {LABEL: "true", ROLE: "stranger"}},
        "policyTypes": ["Egress"],
        "egress": [{}],
    });
    world
        .cluster
        .add_policy(invoice, "stranger-out", out)
        .await?;
    let reach = Reach {
        allowed,
        denied: kept_shut(world).await?,
    };
    let stranger = ProbePod {
        namespace: invoice,
        role: "stranger",
        labels: &[(ROLE, "stranger")],
    };
    world.console().step(&format!(
        "reaching for {} addresses from namespace {invoice}",
        reach.denied.len()
    ));
    let findings = world.cluster.reach(&stranger, &reach).await?;
    judge("a stranger in invoice", &reach, &findings)?;
    Ok(seen(&reach, &findings))
}

/// The same pod with invoice-app's label.
pub(crate) async fn invoice_app_label(world: &ClusterWorld) -> Seen {
    let (app, provider) = (App::InvoiceApp, App::PaymentProvider);
    let mut allowed = service(world, provider).await?;
    allowed.extend(pods(world, provider, provider.http_port()).await?);
    let mut denied = pods(world, provider, provider.management_port()).await?;
    denied.extend(database(world, provider).await?);
    let reach = Reach { allowed, denied };
    let labels = [("app.kubernetes.io/name", app.name())];
    let twin = ProbePod {
        namespace: app.namespace(),
        role: "invoice-app",
        labels: &labels,
    };
    world.console().step(&format!(
        "reaching for {} addresses as invoice-app",
        reach.allowed.len() + reach.denied.len()
    ));
    let findings = world.cluster.reach(&twin, &reach).await?;
    judge("a pod with invoice-app's label", &reach, &findings)?;
    Ok(format!(
        "reached payment-provider's {} http addresses; its management ports and database ({}) timed out",
        reach.allowed.len(),
        reach.denied.len()
    ))
}

/// Everything of payment-provider, and what else nobody but its owner reaches.
async fn kept_shut(world: &ClusterWorld) -> Result<Vec<String>, Failure> {
    let provider = App::PaymentProvider;
    let mut shut = pods(world, provider, provider.http_port()).await?;
    shut.extend(pods(world, provider, provider.management_port()).await?);
    shut.extend(service(world, provider).await?);
    for app in App::ALL {
        shut.extend(database(world, app).await?);
    }
    let app = App::InvoiceApp;
    shut.extend(pods(world, app, app.http_port()).await?);
    Ok(shut)
}

async fn pods(world: &ClusterWorld, app: App, port: u16) -> Result<Vec<String>, Failure> {
    let pods = world.cluster.replicas(app).await?;
    pods.iter()
        .map(|pod| Ok(endpoint(&address(pod)?, port)))
        .collect()
}

/// Where the service's own address answers, for each of its ports.
async fn service(world: &ClusterWorld, app: App) -> Result<Vec<String>, Failure> {
    let service = world
        .cluster
        .api::<Service>(app.namespace())
        .get(app.name())
        .await;
    let spec = service
        .map_err(Failure::cluster(format!("get the Service {}", app.name())))?
        .spec
        .unwrap_or_default();
    let address = spec
        .cluster_ip
        .filter(|address| !["", "None"].contains(&address.as_str()));
    let address = address
        .ok_or_else(|| Failure::wrong(format!("the Service {} has no address", app.name())))?;
    let ports = spec.ports.unwrap_or_default();
    Ok(ports
        .iter()
        .filter_map(|port| u16::try_from(port.port).ok())
        .map(|port| endpoint(&address, port))
        .collect())
}

/// The database's pod, where the cluster holds it.
async fn database(world: &ClusterWorld, app: App) -> Result<Vec<String>, Failure> {
    match world.cluster.database_pod(app).await {
        Ok(pod) => Ok(vec![endpoint(&address(&pod)?, DATABASE_PORT)]),
        Err(Failure::NotHere(_)) => Ok(Vec::new()),
        Err(failure) => Err(failure),
    }
}

fn seen(reach: &Reach, findings: &[Finding]) -> String {
    format!(
        "reached a listener, then timed out at all {} addresses ({})",
        reach.denied.len(),
        longest(findings)
    )
}

fn longest(findings: &[Finding]) -> String {
    let millis = findings
        .iter()
        .map(|finding| finding.millis)
        .max()
        .unwrap_or(0);
    format!("silent for {}.{} s", millis / 1000, millis % 1000 / 100)
}
