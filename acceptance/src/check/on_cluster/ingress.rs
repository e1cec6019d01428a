//! What the Ingress serves, and what it does not.

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use kube::ResourceExt;
use kube::api::ListParams;
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use super::ClusterWorld;
use crate::check::Seen;
use crate::check::doors::Deployment;
use crate::client::Request;
use crate::cluster::app::App;
use crate::cluster::policy::{Port, namespaces_let_in};
use crate::failure::{Failure, ensure};
use crate::fresh;

/// Names under which payment-provider could be asked for.
const HOSTS: [&str; 4] = [
    "payment-provider",
    "payment-provider.payments",
    "payment-provider.payments.svc",
    "payment-provider.payments.svc.cluster.local",
];

/// The controller is found by its class; invoice-app's policies let in its namespace and no other. Which pods of
/// invoice-app's own get through, `reachability` tries one by one.
pub(crate) async fn controller_alone_is_let_in(world: &ClusterWorld) -> Seen {
    let found = world.cluster.ingress_controller().await?;
    world.ingress().get("/invoices").await?.expect(200)?;
    let app = App::InvoiceApp;
    let policies = world
        .cluster
        .api::<NetworkPolicy>(app.namespace())
        .list(&ListParams::default())
        .await;
    let policies = policies.map_err(Failure::cluster(
        "list the policies of invoice-app's namespace",
    ))?;
    let namespaces = world
        .cluster
        .all::<Namespace>()
        .list(&ListParams::default())
        .await;
    let namespaces = namespaces.map_err(Failure::cluster("list the namespaces"))?;
    let pods = world.cluster.replicas(app).await?;
    let labels = pods
        .first()
        .map(|pod| pod.labels().clone())
        .unwrap_or_default();
    let port = Port {
        number: app.http_port(),
        name: "http",
    };
    let let_in: Vec<String> = namespaces_let_in(&policies.items, &labels, port, &namespaces.items)
        .into_iter()
        .filter(|namespace| namespace != app.namespace())
        .collect();
    ensure(let_in == [found.namespace.clone()], || {
        format!(
            "the ingress controller {} runs in `{}`, but invoice-app's policies let in {let_in:?}",
            found.controller, found.namespace
        )
    })?;
    Ok(format!(
        "{} found in namespace `{}`, the only other one let in",
        found.controller, found.namespace
    ))
}

/// Nothing that is asked of the Ingress is answered by payment-provider or by a management port.
pub(crate) async fn provider_is_not_served(world: &ClusterWorld) -> Seen {
    no_ingress_names_the_provider(world).await?;
    let provider = world.payment_provider().await?;
    let mark = format!("acceptance-{}", fresh::id());
    // The control: asked by its own door, payment-provider answers these very requests.
    provider.drop_in_pay(&mark).await?.expect(200)?;
    provider.0.get("/v1/payments").await?.expect(200)?;

    let attempt = fresh::id();
    let mut asked = 0;
    for host in std::iter::once(None).chain(HOSTS.map(Some)) {
        for request in requests(world, &mark, attempt, host) {
            let answer = request.send().await?;
            asked += 1;
            // invoice-app knows none of these routes: it answers 404, or 405 where it knows the path.
            ensure([404, 405].contains(&answer.status), || {
                format!(
                    "{} was answered {}: {:.160}",
                    answer.asked, answer.status, answer.body
                )
            })?;
        }
    }
    let charged = provider.charge(attempt).await?;
    ensure(charged.is_none(), || {
        String::from("a charge that was sent to the Ingress arrived at payment-provider")
    })?;
    Ok(format!(
        "{asked} requests, by path and by Host, all 404 or 405 and none charged; payment-provider itself answers them"
    ))
}

fn requests(world: &ClusterWorld, mark: &str, attempt: Uuid, host: Option<&str>) -> Vec<Request> {
    let ingress = world.ingress();
    let charge = json!({"id": attempt, "amount": "1.50", "currency": "EUR"});
    let drop_in = json!({"id": mark, "value": 1.5, "currency": "EUR"});
    let all = [
        ingress
            .request(Method::POST, "/payments/pay")
            .json(&drop_in),
        ingress.request(Method::POST, "/v1/payments").json(&charge),
        ingress.request(Method::GET, "/v1/payments"),
        ingress.request(Method::GET, "/metrics"),
        ingress.request(Method::GET, "/readyz"),
        ingress.request(Method::GET, "/livez"),
    ];
    all.into_iter()
        .map(|request| match host {
            Some(host) => request.host(host),
            None => request,
        })
        .collect()
}

async fn no_ingress_names_the_provider(world: &ClusterWorld) -> Result<(), Failure> {
    let ingresses = world
        .cluster
        .all::<Ingress>()
        .list(&ListParams::default())
        .await;
    for ingress in ingresses.map_err(Failure::cluster("list all Ingresses"))? {
        let spec = json!(ingress.spec).to_string();
        let provider = App::PaymentProvider;
        ensure(
            ingress.namespace().as_deref() != Some(provider.namespace())
                && !spec.contains(provider.name()),
            || {
                format!(
                    "the Ingress {} leads to payment-provider",
                    ingress.name_any()
                )
            },
        )?;
    }
    Ok(())
}
