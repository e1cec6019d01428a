//! What the admission policies refuse, and whether that is what was meant.
//!
//! [`Policies`] reads `ValidatingAdmissionPolicy`s and their bindings and answers a [`Request`] as an API
//! server would. [`Trials`] are the requests that the cases of `kustomize/cluster/admission/cases`
//! stand for, each with the answer that it has to get.

mod conditions;
mod expression;
mod kind;
mod matching;
mod memory;
mod object;
mod policies;
mod request;
mod sight;
mod specification;
mod trials;

pub use kind::Kind;
pub use object::ready_for_admission;
pub use policies::{Denial, Policies, PoliciesError};
pub use request::{Operation, Request};
pub use trials::{Place, Refusal, Trial, Trials, TrialsError};

use crate::rendered::Rendered;

/// Whoever may push there decides which programs run: one more is a decision, to be made here too.
const REGISTRIES: &str = "['ghcr.io/invoice-platform/']";

/// Compares what is refused and admitted with what the trials expect; each difference is a sentence.
/// Everything that is rendered has to be admitted too.
#[must_use]
pub fn differences(rendered: &Rendered, trials: &Trials) -> Vec<String> {
    let policies = match Policies::read(rendered.documents()) {
        Ok(policies) => policies,
        Err(error) => return vec![error.to_string()],
    };
    let mut found = policies.weaknesses();
    found.extend(trials.differences(&policies));
    found.extend(other_registries(rendered));
    for document in rendered.documents() {
        let request = Request::create(document.value().clone());
        found.extend(
            policies
                .judge(&request)
                .into_iter()
                .map(|denial| format!("{document} is rendered, and refused by {denial}")),
        );
    }
    found
}

fn other_registries(rendered: &Rendered) -> Option<String> {
    let policies = rendered.of_kind("ValidatingAdmissionPolicy");
    let variables = policies.flat_map(|policy| policy.list("/spec/variables"));
    let mut registries = variables.filter(|variable| variable["name"] == "registries");
    let same = registries.any(|variable| variable["expression"] == REGISTRIES);
    (!same).then(|| format!("images come from other registries than {REGISTRIES}"))
}
