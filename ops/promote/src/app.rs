//! The apps that can be promoted: the folders of `kustomize/apps`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// An app.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct App {
    pub(crate) name: String,
    pub(crate) namespace: String,
}

/// Why an app cannot be promoted.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// There is no such app.
    #[error("there is no app {name}; kustomize/apps has {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// Those there are.
        known: String,
    },
    /// Its base cannot be read.
    #[error("{path} does not name the app's namespace: {reason}", path = path.display())]
    Unreadable {
        /// The base's kustomization.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

#[derive(Deserialize)]
struct Base {
    namespace: String,
}

impl App {
    pub(crate) fn find(root: &Path, name: &str) -> Result<Self, AppError> {
        let known = Self::all(root);
        if !known.iter().any(|app| app == name) {
            return Err(AppError::Unknown {
                name: name.to_owned(),
                known: known.join(", "),
            });
        }
        let path = root.join(format!("kustomize/apps/{name}/base/kustomization.yaml"));
        let unreadable = |reason: String| AppError::Unreadable {
            path: path.clone(),
            reason,
        };
        let text = std::fs::read_to_string(&path).map_err(|error| unreadable(error.to_string()))?;
        let base: Base =
            serde_norway::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
        Ok(Self {
            name: name.to_owned(),
            namespace: base.namespace,
        })
    }

    /// The names of all apps, sorted.
    pub(crate) fn all(root: &Path) -> Vec<String> {
        let folders = std::fs::read_dir(root.join("kustomize/apps"))
            .into_iter()
            .flatten();
        let mut names: Vec<_> = folders
            .flatten()
            .filter(|entry| entry.path().is_dir())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// The file of an overlay that names its image.
    pub(crate) fn image_file(&self, environment: &str) -> String {
        format!(
            "kustomize/apps/{}/overlays/{environment}/image/kustomization.yaml",
            self.name
        )
    }

    /// What is rendered for an environment: what its cluster adds, if that is in git, else the overlay.
    pub(crate) fn rendered_folder(&self, tree: &Path, environment: &str) -> PathBuf {
        let of_cluster = tree.join(format!("clusters/{environment}/{}", self.name));
        if of_cluster.is_dir() {
            of_cluster
        } else {
            tree.join(format!(
                "kustomize/apps/{}/overlays/{environment}",
                self.name
            ))
        }
    }
}
