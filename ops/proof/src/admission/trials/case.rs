//! A case as it is written: what differs from a good object.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::TrialsError;
use super::scope::{Scope, yaml};
use crate::admission::Operation;

/// A case with the object that it changes.
pub(super) struct Case {
    pub(super) path: PathBuf,
    pub(super) name: String,
    pub(super) written: Written,
    /// The good object, or for pods its metadata and specification.
    pub(super) good: Value,
}

/// A case's file. What is changed is a JSON merge patch: null takes a field away.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Written {
    /// The policy that refuses it, without the platform's prefix.
    pub(super) policy: Option<String>,
    /// A part of its message.
    #[serde(default)]
    pub(super) says: String,
    #[serde(default)]
    pub(super) base: Base,
    /// Changes what is there before an update.
    pub(super) before: Option<Value>,
    /// Changes the whole object, or the pod.
    pub(super) change: Option<Value>,
    /// Changes one more container, in each of the places.
    pub(super) container: Option<Value>,
    /// Changes every container.
    pub(super) every_container: Option<Value>,
    #[serde(default = "every_place")]
    pub(super) places: Vec<ContainerPlace>,
    /// Kinds that it is not tried as.
    #[serde(default)]
    pub(super) not_as: Vec<String>,
    #[serde(default = "writing")]
    pub(super) operations: Vec<Operation>,
    /// Who asks; NAMESPACE is replaced.
    #[serde(rename = "as")]
    pub(super) user: Option<String>,
    /// Whether the object was like this before, so that the update changes something else.
    #[serde(default)]
    pub(super) already: bool,
    /// The namespaces that it is admitted in, where that is not all.
    #[serde(rename = "in")]
    pub(super) namespaces: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Base {
    #[default]
    Pod,
    Service,
    Secret,
    SealedSecret,
    Ingress,
    Route,
    NetworkPolicy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum ContainerPlace {
    Containers,
    InitContainers,
    EphemeralContainers,
    /// The good one itself, once it runs.
    Resized,
}

fn every_place() -> Vec<ContainerPlace> {
    vec![
        ContainerPlace::Containers,
        ContainerPlace::InitContainers,
        ContainerPlace::EphemeralContainers,
    ]
}

fn writing() -> Vec<Operation> {
    vec![Operation::Create, Operation::Update]
}

impl Base {
    fn file(self) -> &'static str {
        match self {
            Self::Pod => "pod",
            Self::Service => "service",
            Self::Secret => "secret",
            Self::SealedSecret => "sealed-secret",
            Self::Ingress => "ingress",
            Self::Route => "route",
            Self::NetworkPolicy => "network-policy",
        }
    }
}

pub(super) fn read_all(folder: &Path, scope: &Scope) -> Result<Vec<Case>, TrialsError> {
    let mut cases = Vec::new();
    for (verdict, refused) in [("admitted", false), ("refused", true)] {
        for path in files(&folder.join(verdict))? {
            cases.push(read(folder, path, refused, scope)?);
        }
    }
    Ok(cases)
}

fn read(folder: &Path, path: PathBuf, refused: bool, scope: &Scope) -> Result<Case, TrialsError> {
    let written: Written = yaml(&path, |text| scope.fill_in(text))?;
    let malformed = |reason: &str| TrialsError::Malformed {
        path: path.clone(),
        reason: reason.to_owned(),
    };
    match &written.policy {
        None if refused => return Err(malformed("it does not say which policy refuses it")),
        Some(_) if !refused => return Err(malformed("nobody refuses what is admitted")),
        Some(policy) if scope.of(policy).is_empty() => {
            return Err(malformed("scope.yaml does not say where its policy holds"));
        }
        _ => {}
    }
    let base = folder.join("base").join(written.base.file());
    let good = yaml(&base.with_extension("yaml"), |text| scope.fill_in(text))?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    Ok(Case {
        name: name.replace('-', " "),
        written,
        good,
        path,
    })
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, TrialsError> {
    let unreadable = |source| TrialsError::Unreadable {
        path: folder.to_owned(),
        source,
    };
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    let mut files = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    files.sort();
    Ok(files)
}
