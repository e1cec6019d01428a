//! Faults in a cluster.

use std::fmt;
use std::time::Duration;

use tokio::time::sleep;

use super::{Dice, Fragile};
use crate::check::on_cluster::ClusterWorld;
use crate::cli::Storm;
use crate::cluster::app::App;
use crate::cluster::pods::DATABASE_GRACE_SECONDS;
use crate::failure::Failure;

/// How long the services are cut off from each other: longer than one payment waits for its answer.
const CUT: (Duration, Duration) = (Duration::from_secs(3), Duration::from_secs(9));

#[derive(Clone, Copy)]
pub(crate) enum Fault {
    KillReplica(App),
    KillDatabase(App),
    RollOut(App),
    CutServices,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KillReplica(app) => write!(f, "kill a replica of {}", app.name()),
            Self::KillDatabase(app) => write!(f, "kill {}", app.database()),
            Self::RollOut(app) => write!(f, "restart all replicas of {}", app.name()),
            Self::CutServices => f.write_str("cut the services off from each other"),
        }
    }
}

impl Fragile for ClusterWorld {
    type Fault = Fault;
    const FAULTS: &'static [(u32, Fault)] = &[
        (4, Fault::KillReplica(App::InvoiceApp)),
        (4, Fault::KillReplica(App::PaymentProvider)),
        (2, Fault::KillDatabase(App::InvoiceApp)),
        (2, Fault::KillDatabase(App::PaymentProvider)),
        (1, Fault::RollOut(App::InvoiceApp)),
        (1, Fault::RollOut(App::PaymentProvider)),
        (2, Fault::CutServices),
    ];

    fn storm(&self) -> Storm {
        self.storm
    }

    fn front(&self) -> &str {
        &self.target.ingress_url
    }

    async fn strike(&self, fault: Fault, dice: &mut Dice) -> Result<(), Failure> {
        // Thrown whatever the fault and whether it succeeds, so that the next ones stay the same.
        let (which, graceful, cut) = (
            dice.below(usize::MAX),
            dice.below(2) == 1,
            dice.between(CUT.0, CUT.1),
        );
        match fault {
            Fault::KillReplica(app) => {
                let pods = self.cluster.replicas(app).await?;
                self.cluster
                    .end(&pods[which % pods.len()], Some(u32::from(graceful)))
                    .await
            }
            Fault::KillDatabase(app) => {
                let pod = self.cluster.database_pod(app).await?;
                self.cluster.end(&pod, Some(DATABASE_GRACE_SECONDS)).await
            }
            Fault::RollOut(app) => self.cluster.begin_roll_out(app).await,
            Fault::CutServices => {
                self.cluster.cut_services().await?;
                sleep(cut).await;
                self.cluster.join_services().await.map(drop)
            }
        }
    }

    async fn await_whole(&self) -> Result<(), Failure> {
        for app in App::ALL {
            self.cluster.await_rolled_out(app).await?;
            self.cluster.await_database(app).await?;
        }
        Ok(())
    }
}
