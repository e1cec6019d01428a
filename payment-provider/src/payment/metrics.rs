//! What is counted of charges.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// Charges by how they ended.
#[derive(Debug, Clone)]
pub struct ChargeMetrics(Family<Outcome, Counter>);

impl ChargeMetrics {
    /// Makes the metric known to the registry.
    pub fn register(registry: &mut Registry) -> Self {
        let charges = Family::default();
        registry.register(
            "payment_provider_charges",
            "Requests to charge, by what came of them",
            charges.clone(),
        );
        Self(charges)
    }

    /// Counts one: `succeeded`, `declined`, `repeated` or `different`.
    pub fn count(&self, outcome: &'static str) {
        self.0.get_or_create(&Outcome { outcome }).inc();
    }
}
