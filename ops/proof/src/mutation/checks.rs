use std::path::Path;

use crate::rendered::Rendered;
use crate::{access, admission, projects, reachability, tenants};

use super::mutant::Kind;

/// Everything that judges manifests without a cluster.
pub struct Checks {
    reachability: reachability::Expected,
    access: access::Expected,
    /// They remember what policies said, so that a mutant costs no more than what it changes.
    admission: admission::Trials,
}

/// Why nothing can be judged.
#[derive(Debug, thiserror::Error)]
pub enum ChecksError {
    /// It is not known who should reach whom.
    #[error(transparent)]
    Reachability(#[from] reachability::ExpectedError),
    /// It is not known who should be able to do what.
    #[error(transparent)]
    Access(#[from] access::ExpectedError),
    /// It is not known which pods should be admitted.
    #[error(transparent)]
    Admission(#[from] admission::TrialsError),
}

impl Checks {
    /// What the repository at `root` expects.
    ///
    /// # Errors
    /// When one of its files cannot be read.
    pub fn of_repository(root: &Path) -> Result<Self, ChecksError> {
        Ok(Self {
            reachability: reachability::Expected::of_repository(root)?,
            access: access::Expected::of_repository(root)?,
            admission: admission::Trials::of_repository(root)?,
        })
    }

    /// What is wrong with these manifests, by the check of the kind.
    #[must_use]
    pub fn own_difference(&self, rendered: &Rendered, kind: Kind) -> Option<String> {
        self.differences(rendered, kind).into_iter().next()
    }

    /// What is wrong with these manifests, by the other checks.
    #[must_use]
    pub fn other_difference(&self, rendered: &Rendered, kind: Kind) -> Option<String> {
        let mut others = Kind::ALL.into_iter().filter(|other| *other != kind);
        others.find_map(|kind| self.own_difference(rendered, kind))
    }

    /// Everything that is wrong with these manifests, by every check.
    #[must_use]
    pub fn all_differences(&self, rendered: &Rendered) -> Vec<String> {
        let kinds = Kind::ALL.into_iter();
        kinds
            .flat_map(|kind| self.differences(rendered, kind))
            .collect()
    }

    fn differences(&self, rendered: &Rendered, kind: Kind) -> Vec<String> {
        match kind {
            Kind::Network => reachability::differences(rendered, &self.reachability),
            Kind::Rights => access::differences(rendered, &self.access),
            Kind::Admission => self.admission_differences(rendered),
            Kind::Tenants => tenants::differences(rendered),
            Kind::Projects => projects::differences(rendered),
        }
    }

    /// The trials first: they answer from memory for every policy that is not changed.
    fn admission_differences(&self, rendered: &Rendered) -> Vec<String> {
        let trials = &self.admission;
        let policies = match admission::Policies::read(rendered.documents()) {
            Ok(policies) => policies,
            Err(error) => return vec![error.to_string()],
        };
        let mut found = policies.weaknesses();
        if found.is_empty() {
            found = trials.first_difference(&policies).into_iter().collect();
        }
        if found.is_empty() {
            found = admission::differences(rendered, trials);
        }
        found
    }
}
