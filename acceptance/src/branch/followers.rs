//! Which environments' clusters a deployment branch is followed by. Overlays of all environments are on it, and
//! Secrets of some; what an Argo CD begins with is `clusters/<environment>/argocd`.

use std::fs;
use std::io::{ErrorKind, Result};
use std::path::Path;

/// The environments other than this one whose Argo CD follows the branch that is checked out in the folder.
pub(super) fn besides(environment: &str, folder: &Path, branch: &str) -> Result<Vec<String>> {
    let clusters = match fs::read_dir(folder.join("clusters")) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        clusters => clusters?,
    };
    let mut found = Vec::new();
    for cluster in clusters {
        let cluster = cluster?;
        let name = cluster.file_name().to_string_lossy().into_owned();
        if name != environment && begins_here(&cluster.path(), branch)? {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}

fn begins_here(cluster: &Path, branch: &str) -> Result<bool> {
    match fs::read_to_string(cluster.join("argocd/kustomization.yaml")) {
        Ok(place) => Ok(!is_elsewhere(&place, branch)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Whether it names another branch. One that names none may follow this one.
fn is_elsewhere(place: &str, branch: &str) -> bool {
    let literals = place
        .lines()
        .filter_map(|line| line.trim().strip_prefix('-'));
    let literals = literals.map(|literal| literal.trim().trim_matches(['"', '\'']));
    let mut named = literals.filter_map(|literal| literal.strip_prefix("branch="));
    named.next().is_some_and(|named| named != branch)
}

#[cfg(test)]
mod tests {
    use super::besides;
    use std::fs;
    use std::path::Path;

    fn write(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn found(folder: &Path) -> Vec<String> {
        besides("local", folder, "deploy").unwrap()
    }

    #[test]
    fn an_environment_follows_a_branch_when_its_argo_cd_begins_there() {
        let folder = tempfile::tempdir().unwrap();
        assert!(found(folder.path()).is_empty());
        for name in [
            "clusters/local/argocd/kustomization.yaml",
            "clusters/staging/invoice-app/kustomization.yaml",
            "clusters/readme.md",
            "kustomize/apps/invoice-app/overlays/dev/image/kustomization.yaml",
        ] {
            write(folder.path(), name, "");
        }
        assert!(found(folder.path()).is_empty());
        let place = "  literals:\n  - environment=dev\n";
        write(
            folder.path(),
            "clusters/dev/argocd/kustomization.yaml",
            place,
        );
        assert_eq!(found(folder.path()), ["dev"]);
    }

    #[test]
    fn one_that_follows_a_branch_of_its_own_does_not_follow_this() {
        let folder = tempfile::tempdir().unwrap();
        let root = "clusters/production/argocd/kustomization.yaml";
        for (literal, follows) in [
            ("- branch=production", false),
            ("- \"branch=production\"", false),
            ("- branch=deploy", true),
        ] {
            write(
                folder.path(),
                root,
                &format!("literals:\n  {literal}\n  - environment=production\n"),
            );
            assert_eq!(!found(folder.path()).is_empty(), follows, "{literal}");
        }
    }
}
