//! The cases, and the requests that each stands for.

mod case;
mod expand;
mod scope;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::memory::Memory;
use super::policies::{Denial, Policies};
use super::request::Request;
use super::sight::{Asked, Seen};

/// What every policy's name begins with.
const PREFIX: &str = "invoice-platform-";

/// Where the cases are, from the repository's root.
const FOLDER: &str = "kustomize/cluster/admission/cases";

/// A request and the answer that it has to get.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The case's name.
    pub case: String,
    /// What differs from other requests of the case.
    pub what: String,
    /// The request.
    pub request: Request,
    /// Who has to refuse it; nobody when it has to be admitted.
    pub refusal: Option<Refusal>,
}

/// Who refuses, and what is said.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The policy's name.
    pub policy: String,
    /// A part of its message.
    pub says: String,
}

/// Every request of every case.
pub struct Trials {
    all: Vec<Trial>,
    excepted: Vec<String>,
    answered: Mutex<HashMap<String, Arc<Vec<Vec<Denial>>>>>,
    memory: Memory,
    /// Of each request, by the memory.
    seen: Vec<Seen>,
}

/// Where the cases are tried, when not with what the repository says.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// A registry that the policies allow, ending in `/`.
    pub registry: Option<String>,
    /// A namespace that is nobody's.
    pub others: Option<String>,
}

/// Cases that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrialsError {
    /// A folder or file cannot be read.
    #[error("{path} cannot be read: {source}", path = path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file is no case.
    #[error("{path} is not a case: {reason}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl Trials {
    /// Reads the cases of the repository at `root`.
    ///
    /// # Errors
    /// When a file cannot be read or is no case.
    pub fn of_repository(root: &Path) -> Result<Self, TrialsError> {
        Self::at(root, &Place::default())
    }

    /// Reads the cases for another registry or other namespaces than the repository's.
    ///
    /// # Errors
    /// When a file cannot be read or is no case.
    pub fn at(root: &Path, place: &Place) -> Result<Self, TrialsError> {
        let folder = root.join(FOLDER);
        let scope = scope::read(&folder, place)?;
        let mut trials = Vec::new();
        for case in case::read_all(&folder, &scope)? {
            trials.extend(expand::trials(&case, &scope)?);
        }
        Ok(Self {
            seen: trials.iter().map(|_| Seen::default()).collect(),
            memory: Memory::default(),
            all: trials,
            excepted: scope.namespaces.excepted,
            answered: Mutex::default(),
        })
    }

    /// Every request.
    #[must_use]
    pub fn all(&self) -> &[Trial] {
        &self.all
    }

    /// Where the policies answer otherwise than expected.
    #[must_use]
    pub fn differences(&self, policies: &Policies) -> Vec<String> {
        let answers: Vec<_> = policies
            .texts()
            .map(|(name, text)| self.answers(policies, name, text))
            .collect();
        let mut found = Vec::new();
        for (position, trial) in self.all.iter().enumerate() {
            let denials = answers.iter().flat_map(|answers| &answers[position]);
            found.extend(trial.difference(&denials.collect::<Vec<_>>()));
        }
        for (binding, namespace) in policies.exceptions() {
            if !self.excepted.contains(&namespace) {
                found.push(format!(
                    "{binding} excepts the namespace {namespace}, which {FOLDER}/scope.yaml does not"
                ));
            }
        }
        found
    }

    /// The first of the differences, found with as little work as may be: only a policy that never answered
    /// before is asked, about what it has to refuse before all else, and no further than it errs.
    #[must_use]
    pub fn first_difference(&self, policies: &Policies) -> Option<String> {
        let lock = || self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut known, mut new) = (Vec::new(), Vec::new());
        for (name, text) in policies.texts() {
            match lock().get(text) {
                Some(answers) => known.push(Arc::clone(answers)),
                None => new.push(name),
            }
        }
        let of_new = |trial: &Trial| {
            let refusal = trial.refusal.as_ref();
            refusal.is_some_and(|refusal| new.contains(&refusal.policy.as_str()))
        };
        let mut order: Vec<_> = self.all.iter().enumerate().collect();
        order.sort_by_key(|(_, trial)| !of_new(trial));
        let difference = order.into_iter().find_map(|(position, trial)| {
            let mut denials: Vec<_> = known.iter().flat_map(|all| &all[position]).collect();
            let asked = || std::iter::once(self.asked(position));
            let answers: Vec<_> = new
                .iter()
                .flat_map(|name| policies.answers_of(name, asked()))
                .flatten()
                .collect();
            denials.extend(&answers);
            trial.difference(&denials)
        });
        difference.or_else(|| self.differences(policies).into_iter().next())
    }

    /// Policies answer independently of each other, so where only one was changed, the answers of the
    /// others are those of the last time.
    fn answers(&self, policies: &Policies, name: &str, text: &str) -> Arc<Vec<Vec<Denial>>> {
        let known = |answered: &HashMap<_, Arc<_>>| answered.get(text).cloned();
        let lock = || self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answers) = known(&lock()) {
            return answers;
        }
        let asked = (0..self.all.len()).map(|position| self.asked(position));
        let answers = Arc::new(policies.answers_of(name, asked));
        lock().insert(text.to_owned(), Arc::clone(&answers));
        answers
    }

    fn asked(&self, position: usize) -> Asked<'_> {
        Asked {
            request: &self.all[position].request,
            seen: &self.seen[position],
            memory: &self.memory,
        }
    }
}

impl Trial {
    /// A sentence when these are not the denials that it has to get.
    #[must_use]
    pub fn difference(&self, denials: &[&Denial]) -> Option<String> {
        let Self { case, what, .. } = self;
        let said = denials.iter().map(ToString::to_string).collect::<Vec<_>>();
        match &self.refusal {
            None if denials.is_empty() => None,
            None => Some(format!("{case}, {what}: refused by {}", said.join(" and "))),
            Some(Refusal { policy, .. }) if denials.is_empty() => Some(format!(
                "{case}, {what}: admitted, should be refused by {policy}"
            )),
            Some(refusal) => {
                let by_it_alone = denials.iter().all(|denial| denial.policy == refusal.policy);
                let said_so = denials
                    .iter()
                    .any(|denial| denial.message.contains(&refusal.says));
                (!by_it_alone || !said_so).then(|| {
                    format!(
                        "{case}, {what}: refused by {}; should be by {} alone, saying `{}`",
                        said.join(" and "),
                        refusal.policy,
                        refusal.says
                    )
                })
            }
        }
    }
}
