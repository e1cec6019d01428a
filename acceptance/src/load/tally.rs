//! What became of the requests.

use std::time::Duration;

/// How many failures are kept word by word.
const KEPT: usize = 20;

/// What became of the requests so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// What goes on meanwhile, for failures.
    pub(super) phase: String,
    /// From the moment when a request was due to the end of its answer, in microseconds.
    latencies: Vec<u32>,
    failed: u64,
    failures: Vec<String>,
    created: u64,
    paid: u64,
    undecided: u64,
}

/// What a request that did not fail was about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Done {
    Read,
    Created,
    Paid,
    /// Paying was answered 202: it goes on by itself.
    Undecided,
}

impl Tally {
    pub(super) fn done(&mut self, done: Done, took: Duration) {
        self.measure(took);
        match done {
            Done::Read => {}
            Done::Created => self.created += 1,
            Done::Paid => self.paid += 1,
            Done::Undecided => self.undecided += 1,
        }
    }

    pub(super) fn failed(&mut self, why: &str, took: Duration) {
        self.measure(took);
        self.failed += 1;
        if self.failures.len() < KEPT {
            self.failures.push(format!(
                "{}, after {} ms: {why}",
                self.phase,
                took.as_millis()
            ));
        }
    }

    fn measure(&mut self, took: Duration) {
        self.latencies
            .push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }

    /// How many have ended.
    pub(super) fn count(&self) -> usize {
        self.latencies.len()
    }

    pub(super) fn report(mut self, took: Duration) -> LoadReport {
        self.latencies.sort_unstable();
        LoadReport {
            took,
            requests: self.count() as u64,
            failed: self.failed,
            failures: self.failures,
            created: self.created,
            paid: self.paid,
            undecided: self.undecided,
            p50: quantile(&self.latencies, 50),
            p99: quantile(&self.latencies, 99),
        }
    }
}

/// The latency that so many of a hundred did not exceed.
fn quantile(sorted: &[u32], hundredths: usize) -> Duration {
    let index = (sorted.len() * hundredths).div_ceil(100).saturating_sub(1);
    Duration::from_micros(sorted.get(index).copied().unwrap_or(0).into())
}

/// What became of all requests.
#[derive(Debug)]
pub(crate) struct LoadReport {
    pub(crate) took: Duration,
    pub(crate) requests: u64,
    pub(crate) failed: u64,
    /// The first failures, word by word.
    pub(crate) failures: Vec<String>,
    pub(crate) created: u64,
    pub(crate) paid: u64,
    pub(crate) undecided: u64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

impl LoadReport {
    /// Something a second.
    #[allow(clippy::cast_precision_loss)] // A count of requests is far below 2^52.
    pub(crate) fn a_second(&self, count: u64) -> f64 {
        count as f64 / self.took.as_secs_f64().max(0.001)
    }

    /// How much there was and how quick it was, in a phrase.
    pub(crate) fn summary(&self) -> String {
        format!(
            "{} requests in {} s ({:.0}/s), {} failed, p50 {} ms, p99 {} ms, {} invoices made, {} paid ({:.1}/s) and {} left to be paid later",
            self.requests,
            self.took.as_secs(),
            self.a_second(self.requests),
            self.failed,
            self.p50.as_millis(),
            self.p99.as_millis(),
            self.created,
            self.paid,
            self.a_second(self.paid),
            self.undecided,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Done, Tally, quantile};
    use std::time::Duration;

    #[test]
    fn quantiles_are_of_what_was_measured() {
        let hundred: Vec<u32> = (1..=100).collect();
        assert_eq!(quantile(&hundred, 50), Duration::from_micros(50));
        assert_eq!(quantile(&hundred, 99), Duration::from_micros(99));
        assert_eq!(quantile(&[7], 99), Duration::from_micros(7));
        assert_eq!(quantile(&[], 50), Duration::ZERO);
    }

    #[test]
    fn a_failure_is_counted_as_a_request_and_told_with_what_went_on() {
        let mut tally = Tally::default();
        tally.done(Done::Paid, Duration::from_millis(1));
        tally.phase = String::from("evictions");
        tally.failed("502", Duration::from_millis(3));
        let report = tally.report(Duration::from_secs(2));
        assert_eq!((report.requests, report.failed, report.paid), (2, 1, 1));
        assert_eq!(report.failures, ["evictions, after 3 ms: 502"]);
        assert!(report.summary().contains("(1/s), 1 failed"), "{report:?}");
    }
}
