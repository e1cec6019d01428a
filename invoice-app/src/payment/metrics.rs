//! What is counted of payments.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::provider::Outcome;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

/// Answers of payment-provider, and how long the oldest payment has been waiting for one.
#[derive(Debug, Clone, Default)]
pub struct PaymentMetrics {
    outcomes: Family<OutcomeLabel, Counter>,
    contradictions: Counter,
    oldest_live: Gauge,
}

impl PaymentMetrics {
    /// Makes the metrics known to the registry.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register(
            "invoice_payment_sends",
            "Charges sent, by what is known after",
            metrics.outcomes.clone(),
        );
        registry.register(
            "invoice_payment_contradictions",
            "Answers of payment-provider that contradict what was asked",
            metrics.contradictions.clone(),
        );
        registry.register_with_unit(
            "invoice_payment_oldest_live",
            "Age of the oldest payment whose outcome is not known; 0 when there is none",
            Unit::Seconds,
            metrics.oldest_live.clone(),
        );
        metrics
    }

    /// Counts one answer, or the lack of one.
    pub fn count(&self, outcome: &Outcome) {
        let label = match outcome {
            Outcome::Succeeded => "succeeded",
            Outcome::Declined { .. } => "declined",
            Outcome::Unknown { why } => {
                if why.is_contradiction() {
                    self.contradictions.inc();
                }
                "unknown"
            }
        };
        self.outcomes
            .get_or_create(&OutcomeLabel { outcome: label })
            .inc();
    }

    /// Sets the age of the oldest payment whose outcome is not known.
    pub fn set_oldest_live(&self, seconds: i64) {
        self.oldest_live.set(seconds);
    }
}
