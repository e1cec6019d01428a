//! The services know each other by certificates, and nobody else gets in.

use std::cell::Cell;

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::LogParams;
use reqwest::Method;
use serde_json::Value;
use test_authority::Authority;

use super::ClusterWorld;
use crate::check::Seen;
use crate::check::doors::Deployment;
use crate::client::{Door, Http, HttpError, InvoiceApp};
use crate::cluster::app::App;
use crate::cluster::identity::{Identity, KnownAs, TAKEN_WITHIN};
use crate::cluster::pods::{address, endpoint};
use crate::cluster::probe_pod::{ProbePod, RELAY_PORT};
use crate::failure::{Failure, ensure};
use crate::poll;

const ROUTE: &str = "/v1/payments?limit=1";
const TAKEN: &str = "tls_certificate_changes_total{outcome=\"taken\"} ";
const LOGGED_WITHIN: std::time::Duration = std::time::Duration::from_secs(15);
/// What the log looks back to, in seconds: more than the check takes.
const LOG_SECONDS: i64 = 120;

/// Asked from a pod that wears invoice-app's label, so that the network lets it through.
pub(crate) async fn are_required(world: &ClusterWorld) -> Seen {
    let (caller, provider) = (App::InvoiceApp, App::PaymentProvider);
    let (ours, theirs) = (authority()?, authority()?);
    let own = world.cluster.known_as(provider).await?;
    world
        .console()
        .step("having payment-provider trust an authority of these checks too");
    let trusting = KnownAs {
        authorities: joined(&own.authorities, &ours.certificate()),
        ..own.clone()
    };
    change(world, &[(provider, &trusting)]).await?;

    let pods = world.cluster.replicas(provider).await?;
    let pod = pods
        .first()
        .ok_or_else(|| Failure::wrong("payment-provider has no ready pod"))?;
    let labels = [("app.kubernetes.io/name", caller.name())];
    let twin = ProbePod {
        namespace: caller.namespace(),
        role: "twin",
        labels: &labels,
    };
    let target = endpoint(&address(pod)?, provider.http_port());
    let relay = world.cluster.relay(&twin, &target).await?;
    let peer = address(&relay)?;

    let invoice_app = world.cluster.known_as(caller).await?.identity;
    let allowed = [caller.host()];
    let refused = [
        (
            "no certificate",
            None,
            "CertificateRequired",
            "no certificate",
        ),
        (
            "one of another authority",
            Some(identity(theirs.issue(&allowed))?),
            "UnknownCA",
            "not in TLS_CLIENT_CA",
        ),
        (
            "an expired one",
            Some(identity(ours.issue_expired(&allowed))?),
            "CertificateExpired",
            "expired",
        ),
        (
            "one on another name",
            Some(identity(ours.issue(&["stranger.invoice.svc"]))?),
            "AccessDenied",
            "TLS_ALLOWED_CLIENTS",
        ),
        (
            "payment-provider's own",
            Some(own.identity.clone()),
            "AccessDenied",
            "TLS_ALLOWED_CLIENTS",
        ),
    ];
    for (who, shown, alert, _) in &refused {
        world.console().step(&format!("asking with {who}"));
        is_refused(world, &relay, shown.as_ref(), &own.authorities, alert)
            .await
            .map_err(|failure| Failure::wrong(format!("with {who}: {failure}")))?;
    }
    let plain = Door::through(
        world.http(),
        world.cluster.forward(&relay, RELAY_PORT).await?,
        "the pod by plain HTTP",
    );
    plain.get(ROUTE).await?.expect(400)?;
    // The controls: the very same way, with what invoice-app shows and with its like.
    for shown in [invoice_app, identity(ours.issue(&allowed))?] {
        let door = door(world, &relay, RELAY_PORT, Some(&shown), &own.authorities).await?;
        door.get(ROUTE).await?.expect(200)?;
    }
    let expected: Vec<_> = refused.iter().map(|(_, _, _, why)| *why).collect();
    poll::until("payment-provider's log of it", LOGGED_WITHIN, async || {
        said_of(&refusals(world, pod).await?, &peer, &expected)
    })
    .await?;
    world.console().step("putting its authorities back");
    put_back(world).await?;
    Ok(format!(
        "from a pod that the network lets through: refused with {}, each with its reason in the log; \
         plain HTTP is told to use TLS; invoice-app's certificate is answered",
        refused.each_ref().map(|(who, ..)| *who).join(", ")
    ))
}

/// The authority is followed by another and comes back, as it would be renewed: first both are trusted.
pub(crate) async fn are_read_again(world: &ClusterWorld) -> Seen {
    let (caller, provider) = (App::InvoiceApp, App::PaymentProvider);
    let new = authority()?;
    let own = [
        (provider, world.cluster.known_as(provider).await?),
        (caller, world.cluster.known_as(caller).await?),
    ];
    let friend = identity(new.issue(&[caller.host()]))?;
    let pods = world.cluster.replicas(provider).await?;
    // The control of what follows: who trusts the new authority alone sees that it is not used yet.
    shows(world, &pods, &friend, &new)
        .await
        .err()
        .ok_or_else(|| {
            Failure::wrong(
                "payment-provider showed a certificate of an authority that is made only now",
            )
        })?;
    let (over, paid) = (Cell::new(false), Cell::new(0));
    let outside = world.invoice_app().await?.outside;
    let replacing = async {
        let result = replace(world, &own, &new, &pods, &friend).await;
        over.set(true);
        result
    };
    let (replaced, load) = tokio::join!(replacing, pay_until(&outside, &over, &paid));
    load?;
    replaced?;
    ensure(paid.get() > 0, || {
        String::from("nothing was paid meanwhile")
    })?;
    Ok(format!(
        "{} payments while both services took 4 sets of certificates without a restart: none failed; \
         the new certificate was seen served by each of {} pods",
        paid.get(),
        pods.len()
    ))
}

async fn replace(
    world: &ClusterWorld,
    own: &[(App, KnownAs); 2],
    new: &Authority,
    pods: &[Pod],
    friend: &Identity,
) -> Result<(), Failure> {
    let mut sets = Vec::new();
    for (app, known) in own {
        let both = joined(&known.authorities, &new.certificate());
        let names = [app.host(), app.host().trim_end_matches(".svc")];
        let trusting = KnownAs {
            identity: known.identity.clone(),
            authorities: both.clone(),
        };
        let showing = KnownAs {
            identity: identity(new.issue(&names))?,
            authorities: both,
        };
        sets.push((*app, trusting, showing));
    }
    let trusting: Vec<_> = sets.iter().map(|(app, set, _)| (*app, set)).collect();
    let showing: Vec<_> = sets.iter().map(|(app, _, set)| (*app, set)).collect();
    world.console().step("both trust a new authority too");
    change(world, &trusting).await?;
    world.console().step("both show its certificates");
    change(world, &showing).await?;
    shows(world, pods, friend, new).await?;
    world.console().step("both show the old certificates again");
    change(world, &trusting).await?;
    world.console().step("both trust the old authority alone");
    put_back(world).await
}

/// Pays one invoice after the other; every payment has to succeed.
async fn pay_until(app: &InvoiceApp, over: &Cell<bool>, paid: &Cell<u32>) -> Result<(), Failure> {
    while !over.get() {
        let invoice = app.create("1.00", "EUR").await?;
        let answer = app.pay(invoice.id).await?.expect(200)?;
        let payment: Value = answer.json()?;
        ensure(payment["state"] == "succeeded", || {
            format!("while certificates were replaced: {payment}")
        })?;
        paid.set(paid.get() + 1);
    }
    Ok(())
}

/// Every pod shows a certificate of this authority, and no other.
async fn shows(
    world: &ClusterWorld,
    pods: &[Pod],
    caller: &Identity,
    authority: &Authority,
) -> Result<(), Failure> {
    let port = App::PaymentProvider.http_port();
    for pod in pods {
        let door = door(world, pod, port, Some(caller), &authority.certificate()).await?;
        door.get(ROUTE).await?.expect(200)?;
    }
    Ok(())
}

/// payment-provider's API at a pod's port, asked with this certificate.
async fn door(
    world: &ClusterWorld,
    pod: &Pod,
    port: u16,
    shown: Option<&Identity>,
    authorities: &str,
) -> Result<Door, Failure> {
    let host = App::PaymentProvider.host();
    let http = Http::showing(shown, authorities, host)?;
    let forward = world.cluster.forward(pod, port).await?;
    Ok(Door::through_tls(&http, forward, host, pod.name_any()))
}

async fn is_refused(
    world: &ClusterWorld,
    relay: &Pod,
    shown: Option<&Identity>,
    authorities: &str,
    alert: &str,
) -> Result<(), Failure> {
    let door = door(world, relay, RELAY_PORT, shown, authorities).await?;
    match door.request(Method::GET, ROUTE).send().await {
        Err(HttpError::NoAnswer { reason, .. }) => ensure(reason.contains(alert), || {
            format!("refused, but not by the alert {alert}: {reason}")
        }),
        Err(other) => Err(other.into()),
        Ok(answer) => Err(Failure::wrong(format!("it was answered {}", answer.status))),
    }
}

/// Changes the Secrets, and waits until each pod of these services took what is in them.
async fn change(world: &ClusterWorld, sets: &[(App, &KnownAs)]) -> Result<(), Failure> {
    let before = taken(world, sets.iter().map(|(app, _)| *app)).await?;
    for (app, known) in sets {
        world.cluster.make_known_as(*app, known).await?;
    }
    await_taken(world, &before).await
}

async fn put_back(world: &ClusterWorld) -> Result<(), Failure> {
    let mut changed = Vec::new();
    for app in App::ALL {
        if world.cluster.is_known_otherwise(app).await? {
            changed.push(app);
        }
    }
    let before = taken(world, changed.into_iter()).await?;
    world.cluster.identities_back().await?;
    await_taken(world, &before).await
}

/// How many sets each pod has taken since its start.
async fn taken(
    world: &ClusterWorld,
    apps: impl Iterator<Item = App>,
) -> Result<Vec<(App, Pod, u64)>, Failure> {
    let mut all = Vec::new();
    for app in apps {
        for pod in world.cluster.await_service(app).await? {
            let count = taken_by(world, app, &pod).await?;
            all.push((app, pod, count));
        }
    }
    Ok(all)
}

async fn taken_by(world: &ClusterWorld, app: App, pod: &Pod) -> Result<u64, Failure> {
    let door = world.door(pod, app.management_port()).await?;
    let metrics = door.get("/metrics").await?.expect(200)?.body;
    let count = metrics.lines().find_map(|line| line.strip_prefix(TAKEN));
    count
        .and_then(|count| count.trim().parse().ok())
        .ok_or_else(|| {
            Failure::wrong(format!(
                "{} does not count its certificates",
                pod.name_any()
            ))
        })
}

async fn await_taken(world: &ClusterWorld, before: &[(App, Pod, u64)]) -> Result<(), Failure> {
    for (app, pod, count) in before {
        let what = format!("{} using the new certificates", pod.name_any());
        poll::until(&what, TAKEN_WITHIN, async || {
            let now = taken_by(world, *app, pod).await?;
            ensure(now > *count, || format!("{now} sets taken, as before"))
        })
        .await?;
    }
    Ok(())
}

/// What the pod's log says of clients that were refused.
async fn refusals(world: &ClusterWorld, pod: &Pod) -> Result<Vec<Value>, Failure> {
    let recent = LogParams {
        since_seconds: Some(LOG_SECONDS),
        ..LogParams::default()
    };
    let api = world.cluster.api::<Pod>(App::PaymentProvider.namespace());
    let log = api.logs(&pod.name_any(), &recent).await;
    let log = log.map_err(Failure::cluster(format!(
        "read the log of {}",
        pod.name_any()
    )))?;
    let events = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    Ok(events
        .filter(|event: &Value| {
            let message = event["message"].as_str().unwrap_or_default();
            message.starts_with("a client was refused")
        })
        .collect())
}

/// Fails unless every reason is said of that peer, as a warning.
fn said_of(refusals: &[Value], peer: &str, reasons: &[&str]) -> Result<(), Failure> {
    for reason in reasons {
        let said = refusals.iter().any(|event| {
            let message = event["message"].as_str().unwrap_or_default();
            let from = event["peer"].as_str().unwrap_or_default();
            event["level"] == "WARN" && message.contains(reason) && from.contains(peer)
        });
        ensure(said, || {
            format!("no warning says `{reason}` of {peer}: {refusals:?}")
        })?;
    }
    Ok(())
}

fn authority() -> Result<Authority, Failure> {
    let made = Authority::new(&format!("acceptance {}", crate::fresh::suffix()));
    made.map_err(|error| Failure::wrong(format!("an authority cannot be made: {error}")))
}

fn identity(
    issued: Result<test_authority::Identity, test_authority::Error>,
) -> Result<Identity, Failure> {
    let issued =
        issued.map_err(|error| Failure::wrong(format!("a certificate cannot be made: {error}")))?;
    Ok(Identity {
        certificate: issued.certificate,
        key: issued.key,
    })
}

fn joined(one: &str, other: &str) -> String {
    format!("{}\n{other}", one.trim_end())
}

#[cfg(test)]
mod tests {
    use super::said_of;
    use serde_json::json;

    #[test]
    fn a_reason_counts_only_when_it_is_said_as_a_warning_of_that_peer() {
        let event = |level: &str, peer: &str, why: &str| json!({"level": level, "peer": peer, "message": format!("a client was refused: {why}")});
        let log = [
            event("WARN", "10.0.0.7:4711", "it showed no certificate"),
            event("WARN", "10.0.0.8:4711", "its certificate has expired"),
            event("INFO", "10.0.0.7:4711", "its handshake took too long"),
        ];
        said_of(&log, "10.0.0.7", &["no certificate"]).unwrap();
        assert!(said_of(&log, "10.0.0.7", &["expired"]).is_err());
        assert!(said_of(&log, "10.0.0.7", &["too long"]).is_err());
        assert!(said_of(&log, "10.0.0.7", &["no certificate", "another"]).is_err());
    }
}
