//! Where each policy holds.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Place, TrialsError};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scope {
    pub(super) registry: String,
    pub(super) namespaces: Namespaces,
    holds: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Namespaces {
    teams: Vec<String>,
    others: Vec<String>,
    pub(super) excepted: Vec<String>,
}

impl Scope {
    /// The namespaces in which a policy refuses; none when it is not known.
    pub(super) fn of(&self, policy: &str) -> Vec<String> {
        let listed = self.holds.get(policy).into_iter().flatten();
        listed
            .flat_map(|entry| match entry.as_str() {
                "teams" => self.namespaces.teams.clone(),
                "others" => self.namespaces.others.clone(),
                name => vec![name.to_owned()],
            })
            .collect()
    }

    /// The namespaces that are not the platform's.
    pub(super) fn judged(&self) -> Vec<String> {
        [&self.namespaces.teams[..], &self.namespaces.others].concat()
    }

    /// All namespaces.
    pub(super) fn all(&self) -> Vec<String> {
        [self.judged(), self.namespaces.excepted.clone()].concat()
    }

    /// Puts the registry into a case's text.
    pub(super) fn fill_in(&self, text: &str) -> String {
        let alike = format!("{}-too/", self.registry.trim_end_matches('/'));
        text.replace("REGISTRY", &self.registry)
            .replace("LOOKALIKE", &alike)
    }
}

pub(super) fn read(folder: &Path, place: &Place) -> Result<Scope, TrialsError> {
    let mut scope: Scope = yaml(&folder.join("scope.yaml"), str::to_owned)?;
    if let Some(registry) = &place.registry {
        scope.registry.clone_from(registry);
    }
    if let Some(others) = &place.others {
        scope.namespaces.others = vec![others.clone()];
    }
    Ok(scope)
}

/// Reads a file of YAML whose text is changed first.
pub(super) fn yaml<T: DeserializeOwned>(
    path: &Path,
    change: impl FnOnce(&str) -> String,
) -> Result<T, TrialsError> {
    let text = fs::read_to_string(path).map_err(|source| TrialsError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    serde_norway::from_str(&change(&text)).map_err(|error| TrialsError::Malformed {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}
