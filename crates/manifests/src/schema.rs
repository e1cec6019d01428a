use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Document;

/// The strict schemas of `kustomize/schemas`, one for each kind: an unknown field is a violation.
#[derive(Debug)]
pub struct Schemas(ByKind);

/// By API version and kind.
type ByKind = BTreeMap<(String, String), Validator>;

/// Schemas that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SchemasError {
    /// The folder or a file cannot be read.
    #[error("{path} cannot be read: {source}", path = path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not what `refresh.sh` writes.
    #[error(
        "{path} is not a file of schemas: {reason}; write it again by kustomize/schemas/refresh.sh",
        path = path.display()
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// What is wrong with a document, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// No schema is there for this kind.
    #[error(
        "{document}: no schema for {api_version}: add the kind to kustomize/schemas/refresh.sh"
    )]
    UnknownKind {
        /// The document's kind and name.
        document: String,
        /// Its API version.
        api_version: String,
    },
    /// A field is missing, unknown or of another shape.
    #[error("{document}: {place}: {complaint}")]
    Field {
        /// The document's kind and name.
        document: String,
        /// A JSON pointer into the document.
        place: String,
        /// What the schema says.
        complaint: String,
    },
}

/// One file of schemas.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    api_version: String,
    /// From a kind to the name of its definition.
    kinds: BTreeMap<String, String>,
    #[serde(rename = "$schema")]
    dialect: String,
    #[serde(rename = "$defs")]
    definitions: Value,
}

impl Schemas {
    /// Reads every `*.json` of a folder.
    ///
    /// # Errors
    /// When the folder or a file cannot be read, or holds something other than schemas.
    pub fn load(folder: &Path) -> Result<Self, SchemasError> {
        let unreadable = |path: &Path, source| SchemasError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let mut all = BTreeMap::new();
        for entry in fs::read_dir(folder).map_err(|source| unreadable(folder, source))? {
            let path = entry.map_err(|source| unreadable(folder, source))?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let text = fs::read(&path).map_err(|source| unreadable(&path, source))?;
            let read = validators(&text).map_err(|reason| SchemasError::Malformed {
                path: path.clone(),
                reason,
            })?;
            all.extend(read);
        }
        Ok(Self(all))
    }

    /// Everything that is wrong with a document; nothing when it is valid.
    #[must_use]
    pub fn violations(&self, document: &Document) -> Vec<Violation> {
        let kind = (
            document.api_version().to_owned(),
            document.kind().to_owned(),
        );
        let Some(validator) = self.0.get(&kind) else {
            return vec![Violation::UnknownKind {
                document: document.to_string(),
                api_version: kind.0,
            }];
        };
        let errors = validator.iter_errors(document.value());
        let violations = errors.map(|error| Violation::Field {
            document: document.to_string(),
            place: error.instance_path().to_string(),
            complaint: error.to_string(),
        });
        violations.collect()
    }
}

fn validators(text: &[u8]) -> Result<ByKind, String> {
    let file: File = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let compiled = file.kinds.iter().map(|(kind, definition)| {
        let schema = json!({
            "$schema": file.dialect,
            "$ref": format!("#/$defs/{definition}"),
            "$defs": file.definitions,
        });
        let validator = jsonschema::validator_for(&schema).map_err(|error| error.to_string())?;
        Ok(((file.api_version.clone(), kind.clone()), validator))
    });
    compiled.collect()
}
