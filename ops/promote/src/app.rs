//! The apps that can be promoted: the folders of `kustomize/apps`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The component with the hook that looks at an app after each sync.
const HOOK: &str = "/components/smoke";

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
    #[error("{path} does not say what the app is: {reason}", path = path.display())]
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
    #[serde(default)]
    components: Vec<String>,
}

impl Base {
    fn read(tree: &Path, app: &str) -> Result<Self, AppError> {
        let path = tree.join(format!("kustomize/apps/{app}/base/kustomization.yaml"));
        let unreadable = |reason: String| AppError::Unreadable {
            path: path.clone(),
            reason,
        };
        let text = std::fs::read_to_string(&path).map_err(|error| unreadable(error.to_string()))?;
        serde_norway::from_str(&text).map_err(|error| unreadable(error.to_string()))
    }
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
        Ok(Self {
            name: name.to_owned(),
            namespace: Base::read(root, name)?.namespace,
        })
    }

    /// Whether something looks at it after each sync, by the manifests of this tree.
    pub(crate) fn has_hook(&self, tree: &Path) -> Result<bool, AppError> {
        let base = Base::read(tree, &self.name)?;
        let mut components = base.components.iter();
        Ok(components.any(|component| component.ends_with(HOOK)))
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
