//! What the admission policies refuse, and whether that is what was meant.
//!
//! [`Policies`] reads `ValidatingAdmissionPolicy`s and their bindings and answers a [`Request`] as an API
//! server would. [`Trials`] are the requests that the cases of `kustomize/cluster/admission/cases`
//! stand for, each with the answer that it has to get.

mod expression;
mod kind;
mod matching;
mod object;
mod policies;
mod request;
mod specification;
mod trials;

pub use kind::Kind;
pub use object::ready_for_admission;
pub use policies::{Denial, Policies, PoliciesError};
pub use request::{Operation, Request};
pub use trials::{Place, Refusal, Trial, Trials, TrialsError};

use crate::rendered::Rendered;

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
