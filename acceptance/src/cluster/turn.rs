//! One run at a time for each cluster: each removes what carries acceptance's label, whoever put it there. A
//! Lease beside invoice-app says whose turn it is. It counts as given up when its holder has not renewed it
//! for a while, as seen from here: the clocks of two machines need not agree.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::Cluster;
use super::app::App;
use crate::failure::Failure;
use crate::fresh;
use crate::report::Console;

const NAME: &str = "acceptance";
const RENEW_EVERY: Duration = Duration::from_secs(4);
const GIVEN_UP_AFTER: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Longer than a whole run.
const WAIT_AT_MOST: Duration = Duration::from_mins(15);

/// This run's turn, renewed until it is given up.
pub(crate) struct Turn {
    leases: Api<Lease>,
    renewing: JoinHandle<()>,
}

impl Cluster {
    /// Waits until no other run goes on, and keeps others waiting from then on.
    pub(crate) async fn take_turn(&self, console: &Arc<Console>) -> Result<Turn, Failure> {
        let leases = self.api::<Lease>(App::InvoiceApp.namespace());
        let me = format!("acceptance-{}", fresh::suffix());
        let start = Instant::now();
        let mut seen: Option<(Lease, Instant)> = None;
        while !try_take(&leases, &me, &mut seen).await? {
            if start.elapsed() < LOOK_EVERY {
                console.say(
                    "Another acceptance run is going on in this cluster: waiting for its end.",
                );
            }
            if start.elapsed() > WAIT_AT_MOST {
                return Err(Failure::wrong("the other acceptance run does not end"));
            }
            sleep(LOOK_EVERY).await;
        }
        let renewing = tokio::spawn(renew(leases.clone()));
        Ok(Turn { leases, renewing })
    }
}

impl Turn {
    /// Lets the next run begin.
    pub(crate) async fn give_up(self) -> Result<(), Failure> {
        self.renewing.abort();
        let deleted = self.leases.delete(NAME, &DeleteParams::default()).await;
        deleted
            .map(drop)
            .map_err(Failure::cluster("give up this run's turn"))
    }
}

/// One attempt. `seen` is another's lease as it was last renewed, and since when it was seen so.
async fn try_take(
    leases: &Api<Lease>,
    me: &str,
    seen: &mut Option<(Lease, Instant)>,
) -> Result<bool, Failure> {
    let doing = "take this run's turn";
    let Some(held) = leases
        .get_opt(NAME)
        .await
        .map_err(Failure::cluster(doing))?
    else {
        let created = leases.create(&PostParams::default(), &lease(me)).await;
        return unless_beaten(created.map(drop), doing);
    };
    match seen {
        Some((before, since))
            if before.metadata.resource_version == held.metadata.resource_version =>
        {
            if since.elapsed() < GIVEN_UP_AFTER {
                return Ok(false);
            }
            let unchanged = Preconditions {
                resource_version: held.metadata.resource_version,
                uid: held.metadata.uid,
            };
            let given_up = DeleteParams::default().preconditions(unchanged);
            // Whatever came of it, the next look shows.
            let _ = leases.delete(NAME, &given_up).await;
            Ok(false)
        }
        _ => {
            *seen = Some((held, Instant::now()));
            Ok(false)
        }
    }
}

/// A third run may have been quicker: then this one waits on.
fn unless_beaten(done: kube::Result<()>, doing: &str) -> Result<bool, Failure> {
    match done {
        Ok(()) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
        Err(kube::Error::Api(status)) if status.code == 404 => Err(Failure::wrong(format!(
            "Nothing is deployed in this cluster: {}. Run ./deploy.sh first, then this again.",
            status.message
        ))),
        Err(error) => Err(Failure::cluster(doing)(error)),
    }
}

fn lease(me: &str) -> Lease {
    Lease {
        metadata: ObjectMeta {
            name: Some(NAME.to_owned()),
            ..ObjectMeta::default()
        },
        spec: Some(LeaseSpec {
            holder_identity: Some(me.to_owned()),
            lease_duration_seconds: i32::try_from(GIVEN_UP_AFTER.as_secs()).ok(),
            acquire_time: Some(MicroTime(fresh::now())),
            renew_time: Some(MicroTime(fresh::now())),
            ..LeaseSpec::default()
        }),
    }
}

/// A renewal that fails is made up for by the next one.
async fn renew(leases: Api<Lease>) {
    loop {
        sleep(RENEW_EVERY).await;
        let patch = Patch::Merge(json!({"spec": {"renewTime": MicroTime(fresh::now())}}));
        let _ = leases.patch(NAME, &PatchParams::default(), &patch).await;
    }
}
