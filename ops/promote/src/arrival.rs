//! Waiting until Argo CD has brought a commit to its cluster.

use std::io::Write;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::app::App;
use crate::branch::Branch;
use crate::cluster::{Cluster, ClusterError};
use crate::error::{PromoteError, say};
use crate::image_file::Digest;

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What is waited for.
pub(crate) struct Arrival<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) branch: &'a Branch,
    pub(crate) app: &'a App,
    pub(crate) environment: &'a str,
    pub(crate) commit: &'a str,
    pub(crate) digest: &'a Digest,
}

impl Arrival<'_> {
    /// Waits until the commit is synced, its hook succeeded, and all replicas run its digest. Says what is waited for when that
    /// changes.
    pub(crate) fn wait(&self, within: Duration, out: &mut impl Write) -> Result<(), PromoteError> {
        let began = Instant::now();
        let mut said = String::new();
        self.refresh()?;
        loop {
            let Some(missing) = self.missing()? else {
                let seconds = began.elapsed().as_secs();
                return say(
                    out,
                    &format!(
                        "Arrived in {} after {seconds} s: Synced and Healthy.",
                        self.environment
                    ),
                );
            };
            if began.elapsed() >= within {
                return Err(PromoteError::NotArrived {
                    app: self.app.name.clone(),
                    environment: self.environment.to_owned(),
                    seconds: within.as_secs(),
                    missing,
                });
            }
            if missing != said {
                say(out, &format!("  waiting: {missing}"))?;
                said = missing;
            }
            sleep(LOOK_EVERY);
        }
    }

    /// What is not there yet; `None` when all is.
    fn missing(&self) -> Result<Option<String>, PromoteError> {
        let application = self
            .cluster
            .application(self.app, self.environment)
            .map_err(self.unasked())?;
        let Some(application) = application else {
            return Ok(Some(format!(
                "there is no Application {}-{}",
                self.app.name, self.environment
            )));
        };
        if !self.branch.includes(application.revision(), self.commit) {
            return Ok(Some(String::from("Argo CD has not read the commit yet")));
        }
        if let Err(unhealthy) = application.judge() {
            return Ok(Some(unhealthy.to_string()));
        }
        if let Some(doing) = application.goes_on() {
            return Ok(Some(format!("the sync goes on: {doing}")));
        }
        match self.cluster.replicas(self.app) {
            Ok(running) if running.digest == *self.digest => Ok(None),
            Ok(running) => Ok(Some(format!("{} still runs", running.digest.short()))),
            Err(ClusterError::Unhealthy(unhealthy)) => Ok(Some(unhealthy.to_string())),
            Err(error) => Err(self.unasked()(error)),
        }
    }

    fn refresh(&self) -> Result<(), PromoteError> {
        self.cluster
            .refresh(self.app, self.environment)
            .map_err(self.unasked())
    }

    fn unasked(&self) -> impl FnOnce(ClusterError) -> PromoteError {
        PromoteError::arrival(self.environment)
    }
}
