//! Whether nobody noticed what went on meanwhile.

use super::LoadReport;
use crate::failure::{Failure, ensure};

/// Fails with what failed, unless nothing did of as many requests a second as there should be. A payment that is put
/// off is a failure too: whoever asked was not told that it succeeded.
pub(crate) fn none_failed(report: &LoadReport, rate: u32) -> Result<(), Failure> {
    // They are sent when they are due, whatever becomes of those before: fewer come of a machine that is too slow.
    let enough = report.a_second(report.requests) >= f64::from(rate) * 0.9;
    ensure(enough, || {
        format!("{}: far fewer than {rate} a second", report.summary())
    })?;
    ensure(report.failed == 0 && report.paid > 0, || {
        let first: Vec<&str> = report.failures.iter().take(5).map(String::as_str).collect();
        format!("{}; {}", report.summary(), first.join(" | "))
    })?;
    ensure(report.undecided == 0, || {
        format!(
            "{}: payment-provider was away for some of them",
            report.summary()
        )
    })
}
