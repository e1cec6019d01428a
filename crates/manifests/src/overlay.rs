use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A folder below `kustomize/` that is meant to be applied: a tenant, or an app in an environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Overlay {
    root: PathBuf,
    path: String,
}

/// A folder that could not be walked.
#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be read: {source}", path = path.display())]
pub struct WalkError {
    path: PathBuf,
    source: io::Error,
}

/// Every folder below `root` with a kustomization of its own, sorted by path. Components and bases
/// are parts of others and left out.
///
/// # Errors
/// When a folder or a kustomization cannot be read.
pub fn overlays(root: &Path) -> Result<Vec<Overlay>, WalkError> {
    let mut found = Vec::new();
    walk(root, root, &mut found)?;
    found.sort();
    Ok(found)
}

impl Overlay {
    /// Relative to `kustomize/`, like `apps/invoice-app/overlays/dev`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Where it is in the file system.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.root.join(&self.path)
    }

    /// The app and its environment, unless this is a tenant.
    #[must_use]
    pub fn app(&self) -> Option<(&str, &str)> {
        self.path.strip_prefix("apps/")?.split_once("/overlays/")
    }
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<Overlay>) -> Result<(), WalkError> {
    let unreadable = |path: &Path, source| WalkError {
        path: path.to_owned(),
        source,
    };
    for entry in fs::read_dir(folder).map_err(|source| unreadable(folder, source))? {
        let path = entry.map_err(|source| unreadable(folder, source))?.path();
        if path.is_dir() {
            walk(root, &path, found)?;
            continue;
        }
        if !path.ends_with("kustomization.yaml") || folder.ends_with("base") {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(|source| unreadable(&path, source))?;
        if text.lines().any(|line| line == "kind: Kustomization") {
            let relative = folder.strip_prefix(root).unwrap_or(folder);
            let path = relative.to_string_lossy().into_owned();
            found.push(Overlay {
                root: root.to_owned(),
                path,
            });
        }
    }
    Ok(())
}
