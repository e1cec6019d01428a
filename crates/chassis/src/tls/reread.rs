//! Files that are replaced while the service runs, read again every few seconds.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::files::{Contents, Files};
use super::material::{Material, MaterialError};
use super::metrics::CertificateMetrics;
use super::validity::Validity;
use crate::clock::{Clock, SystemClock};

/// Not by file events: a kubelet replaces a link above the files, and a network disk tells nothing.
pub(super) const EVERY: Duration = Duration::from_secs(2);
/// Longer than anybody needs to notice, shorter than what deploy.sh or cert-manager leave unused.
const EXPIRES_SOON: SignedDuration = SignedDuration::from_hours(14 * 24);
const SAY_AGAIN: SignedDuration = SignedDuration::from_hours(1);

/// Makes what is used of a set that was read.
type Build<T> = Box<dyn Fn(&Material) -> Result<T, MaterialError> + Send + Sync>;

/// Keeps what was made of the files up to date.
pub(super) struct Reread<T> {
    files: Files,
    build: Build<T>,
    current: watch::Sender<T>,
    used: Contents,
    validity: Validity,
    /// Different from what is used, and seen once: it is taken when it is seen again, so that files
    /// which are being written are left to be finished.
    candidate: Option<Contents>,
    /// What was last said to be wrong with the files, to say it once.
    complaint: Option<String>,
    warned: Option<Timestamp>,
    metrics: CertificateMetrics,
    every: Duration,
}

impl<T> std::fmt::Debug for Reread<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reread")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl<T: Send + Sync + 'static> Reread<T> {
    /// Reads the files for the first time.
    pub(super) fn start(
        files: Files,
        metrics: CertificateMetrics,
        build: impl Fn(&Material) -> Result<T, MaterialError> + Send + Sync + 'static,
    ) -> Result<Self, MaterialError> {
        let contents = files.read()?;
        let material = Material::parse(&files, &contents)?;
        metrics.shows(&material.validity);
        Ok(Self {
            current: watch::Sender::new(build(&material)?),
            build: Box::new(build),
            files,
            used: contents,
            validity: material.validity,
            candidate: None,
            complaint: None,
            warned: None,
            metrics,
            every: EVERY,
        })
    }

    /// What is made of the files now, and later.
    pub(super) fn current(&self) -> watch::Receiver<T> {
        self.current.subscribe()
    }

    pub(super) fn every(mut self, every: Duration) -> Self {
        self.every = every;
        self
    }

    /// Looks again and again, until cancelled.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            let files = self.files.clone();
            // A read may take as long as the disk behind it likes.
            let Ok(contents) = tokio::task::spawn_blocking(move || files.read()).await else {
                return; // The runtime is shutting down.
            };
            let now = SystemClock.now();
            if let Err(error) = contents.and_then(|contents| self.look(contents, now)) {
                self.complain(&error);
            }
            self.warn_of_the_end(now);
        }
    }

    fn look(&mut self, contents: Contents, now: Timestamp) -> Result<(), MaterialError> {
        if contents == self.used {
            (self.candidate, self.complaint) = (None, None);
            return Ok(());
        }
        if self.candidate.as_ref() != Some(&contents) {
            self.candidate = Some(contents);
            return Ok(());
        }
        let material = Material::parse(&self.files, &contents)?;
        if !material.is_valid(now) && self.validity.holds(now) {
            return Err(MaterialError::NotValidNow {
                variable: self.files.certificate.0,
                validity: material.validity,
            });
        }
        self.current.send_replace((self.build)(&material)?);
        self.metrics.shows(&material.validity);
        self.metrics.taken();
        let (variable, serial, until) = (
            self.files.certificate.0,
            &material.serial,
            material.validity.until,
        );
        tracing::info!(variable, serial, %until, "a new certificate is used");
        self.used = contents;
        self.validity = material.validity;
        (self.candidate, self.complaint, self.warned) = (None, None, None);
        Ok(())
    }

    fn complain(&mut self, error: &MaterialError) {
        let complaint = error.to_string();
        if self.complaint.as_ref() != Some(&complaint) {
            self.metrics.refused();
            tracing::error!(
                error = complaint,
                "a new certificate cannot be used; the old one stays in use"
            );
            self.complaint = Some(complaint);
        }
    }

    fn warn_of_the_end(&mut self, now: Timestamp) {
        let left = self.validity.until.duration_since(now);
        let said = |at: &Timestamp| now.duration_since(*at) < SAY_AGAIN;
        if left > EXPIRES_SOON && self.validity.holds(now) || self.warned.as_ref().is_some_and(said)
        {
            return;
        }
        self.warned = Some(now);
        let (variable, until) = (self.files.certificate.0, self.validity.until);
        if self.validity.holds(now) {
            tracing::warn!(variable, %until, "this service's certificate expires soon: renew it");
        } else {
            tracing::error!(variable, from = %self.validity.from, %until, "this service's certificate is not valid now: every other service refuses it; renew it");
        }
    }
}
