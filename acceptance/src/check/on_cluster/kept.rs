//! The replicas of a service that have to be there at every look while something goes wrong beside them.

use k8s_openapi::api::core::v1::Pod;

use super::ClusterWorld;
use crate::cluster::app::App;
use crate::cluster::pods::is_ready;
use crate::cluster::scale::Workload;
use crate::failure::{Failure, ensure};

/// How many replicas of a service there have to be.
pub(super) struct Kept {
    app: App,
    least: usize,
}

impl Kept {
    /// All that are ready now.
    pub(super) async fn all_of(world: &ClusterWorld, app: App) -> Result<Self, Failure> {
        let least = world.cluster.await_service(app).await?.len();
        Ok(Self { app, least })
    }

    /// The service's pods. That there were too few is the inner result, and final: whoever polls must not ask
    /// again until there are enough.
    pub(super) async fn look(
        &mut self,
        world: &ClusterWorld,
    ) -> Result<Result<Vec<Pod>, Failure>, Failure> {
        let app = self.app;
        let pods = world
            .cluster
            .pods_named(app.namespace(), app.name())
            .await?;
        // Asked after the pods: an autoscaler that takes some away wants fewer first.
        let wanted = world
            .cluster
            .wanted_replicas(Workload::Service(app))
            .await?;
        let ready = pods.iter().filter(|pod| is_ready(pod)).count();
        let enough = self.are_enough(ready, wanted.unwrap_or(0));
        Ok(enough.map(|()| pods))
    }

    /// Whether there are as many as before, or as an autoscaler wanted since.
    fn are_enough(&mut self, ready: usize, wanted: i32) -> Result<(), Failure> {
        // A Deployment that is gone, or scaled to none, is no reason to ask for fewer.
        let wanted = usize::try_from(wanted).unwrap_or(0);
        if wanted > 0 {
            self.least = self.least.min(wanted);
        }
        ensure(ready >= self.least, || {
            format!(
                "only {ready} of {} replicas of {} were ready",
                self.least,
                self.app.name()
            )
        })
    }

    pub(super) fn count(&self) -> usize {
        self.least
    }
}

#[cfg(test)]
mod tests {
    use super::{App, Kept};

    #[test]
    fn fewer_than_before_are_enough_only_when_fewer_were_wanted_since() {
        let mut kept = Kept {
            app: App::PaymentProvider,
            least: 4,
        };
        kept.are_enough(5, 4).unwrap();
        kept.are_enough(4, 6).unwrap();
        assert!(kept.are_enough(3, 4).is_err());
        assert!(kept.are_enough(3, 0).is_err());
        kept.are_enough(3, 3).unwrap();
        kept.are_enough(3, 5).unwrap();
        assert!(kept.are_enough(2, 3).is_err());
    }
}
