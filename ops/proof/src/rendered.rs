//! All objects that one environment renders.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use manifests::{Document, Kubectl, KubectlError, Malformed, parse};

/// What one environment renders: the cluster's own objects, the tenants, and every app.
#[derive(Debug, Clone)]
pub struct Rendered {
    environment: String,
    documents: Vec<Document>,
}

/// Why there are no objects to judge.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A folder or file of the repository cannot be read.
    #[error("{path} cannot be read: {source}", path = path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// No app has an overlay of this name.
    #[error("no app has an overlay for `{asked}`; there are: {known}")]
    NoSuchEnvironment {
        /// What was asked for.
        asked: String,
        /// What could have been asked for.
        known: String,
    },
    /// A kustomization does not render.
    #[error(transparent)]
    Kubectl(#[from] KubectlError),
    /// A file of rendered manifests is none.
    #[error("{path} cannot be used: {source}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Malformed,
    },
    /// Two folders render one object.
    #[error("{object} is rendered twice, by {folder} the second time: one folder has to own it")]
    Twice {
        /// Its kind and name.
        object: String,
        /// The later of the two folders.
        folder: PathBuf,
    },
}

/// What belongs to a cluster whatever runs there, relative to the repository's root. All but the first stand
/// apart for clusters without Argo CD.
const OF_THE_CLUSTER: [&str; 3] = [
    "kustomize/cluster",
    "kustomize/cluster/argocd-access",
    "argocd",
];

impl Rendered {
    /// Renders everything of one environment of the repository at `root`.
    ///
    /// # Errors
    /// When a folder cannot be read, there is no such environment, or kubectl refuses a kustomization.
    pub fn of_repository(root: &Path, environment: &str) -> Result<Self, RenderError> {
        let known = environments(root)?;
        if !known.iter().any(|name| name == environment) {
            return Err(RenderError::NoSuchEnvironment {
                asked: environment.to_owned(),
                known: known.join(", "),
            });
        }
        let folders = folders(root, environment)?;
        let mut documents = Vec::new();
        let mut seen = BTreeSet::new();
        for (folder, rendered) in folders.iter().zip(render_all(&folders)) {
            for document in rendered? {
                if !seen.insert(identity(&document)) {
                    return Err(RenderError::Twice {
                        object: document.to_string(),
                        folder: folder.clone(),
                    });
                }
                documents.push(document);
            }
        }
        Ok(Self::of_documents(environment, documents))
    }

    /// Renders one folder, which belongs to an environment.
    ///
    /// # Errors
    /// When kubectl refuses the kustomization.
    pub fn of_folder(folder: &Path, environment: &str) -> Result<Self, RenderError> {
        let documents = Kubectl::default().render(folder)?;
        Ok(Self::of_documents(environment, documents))
    }

    /// Reads a file of manifests that an environment rendered.
    ///
    /// # Errors
    /// When the file cannot be read or is no list of Kubernetes objects.
    pub fn of_file(path: &Path, environment: &str) -> Result<Self, RenderError> {
        let text = fs::read_to_string(path).map_err(unreadable(path))?;
        Self::of_text(environment, &text).map_err(|source| RenderError::Malformed {
            path: path.to_owned(),
            source,
        })
    }

    /// Reads objects that an environment rendered, or that run there.
    ///
    /// # Errors
    /// When the text is no list of Kubernetes objects.
    pub fn of_text(environment: &str, text: &str) -> Result<Self, Malformed> {
        Ok(Self::of_documents(environment, parse(text)?))
    }

    /// Objects that were made or changed elsewhere.
    #[must_use]
    pub fn of_documents(environment: &str, documents: Vec<Document>) -> Self {
        Self {
            environment: environment.to_owned(),
            documents,
        }
    }

    /// The environment's name.
    #[must_use]
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// Every object.
    #[must_use]
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// Every object, to be changed.
    pub fn documents_mut(&mut self) -> &mut Vec<Document> {
        &mut self.documents
    }

    /// The objects of one kind.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Document> {
        self.documents
            .iter()
            .filter(move |document| document.kind() == kind)
    }
}

/// The environments that apps have an overlay for, sorted.
///
/// # Errors
/// When a folder cannot be read.
pub fn environments(root: &Path) -> Result<Vec<String>, RenderError> {
    let mut found = BTreeSet::new();
    for app in subfolders(&root.join("kustomize/apps"))? {
        for overlay in subfolders(&app.join("overlays"))? {
            let name = overlay.file_name().unwrap_or_default();
            found.insert(name.to_string_lossy().into_owned());
        }
    }
    Ok(found.into_iter().collect())
}

/// The folders that make an environment, in the order in which they are applied.
fn folders(root: &Path, environment: &str) -> Result<Vec<PathBuf>, RenderError> {
    let mut all: Vec<_> = OF_THE_CLUSTER.iter().map(|path| root.join(path)).collect();
    all.extend(subfolders(&root.join("kustomize/tenants"))?);
    for app in subfolders(&root.join("kustomize/apps"))? {
        all.push(app.join("overlays").join(environment));
    }
    all.retain(|folder| folder.join("kustomization.yaml").is_file() && !folder.ends_with("base"));
    Ok(all)
}

fn subfolders(folder: &Path) -> Result<Vec<PathBuf>, RenderError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// All at once, since each is a process of its own that mostly starts.
fn render_all(folders: &[PathBuf]) -> Vec<Result<Vec<Document>, KubectlError>> {
    let kubectl = Kubectl::default();
    thread::scope(|scope| {
        let running: Vec<_> = folders
            .iter()
            .map(|folder| scope.spawn(|| kubectl.render(folder)))
            .collect();
        running
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    })
}

fn identity(document: &Document) -> [String; 4] {
    [
        document.api_version(),
        document.kind(),
        document.namespace().unwrap_or_default(),
        document.name(),
    ]
    .map(str::to_owned)
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> RenderError {
    let path = path.to_owned();
    move |source| RenderError::Unreadable { path, source }
}
