//! `.deploy/target.json`, as far as promotion needs it: which cluster `./deploy.sh` deployed to.

use std::path::Path;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum File {
    Processes {},
    Cluster(Recorded),
}

/// The cluster that was deployed to.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub(crate) struct Recorded {
    pub(crate) context: String,
    pub(crate) environment: String,
    /// What looks at it after each sync, and from which the tests did.
    #[serde(default)]
    pub(crate) probe_image: Option<String>,
    #[serde(default)]
    pub(crate) argocd: Option<ArgoCd>,
}

/// Where its Argo CD reads what it deploys.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub(crate) struct ArgoCd {
    pub(crate) repository: String,
}

/// The cluster that was deployed to from this clone, if one was. A file that cannot be read counts as none:
/// what is missing then is said where it is needed.
pub(crate) fn recorded(root: &Path) -> Option<Recorded> {
    let text = std::fs::read_to_string(root.join(".deploy/target.json")).ok()?;
    match serde_json::from_str(&text).ok()? {
        File::Cluster(recorded) => Some(recorded),
        File::Processes {} => None,
    }
}

#[cfg(test)]
mod tests {
    use super::recorded;

    fn read(text: &str) -> Option<super::Recorded> {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join(".deploy")).unwrap();
        std::fs::write(root.path().join(".deploy/target.json"), text).unwrap();
        recorded(root.path())
    }

    #[test]
    fn a_cluster_is_found_with_and_without_argo_cd() {
        let plain = read(r#"{"kind":"cluster","context":"kind-a","environment":"local"}"#).unwrap();
        assert_eq!((plain.context.as_str(), plain.argocd), ("kind-a", None));
        let with = r#"{"kind":"cluster","context":"kind-a","environment":"local","argocd":{"repository":"http://git/x.git","branch":"deploy"}}"#;
        assert_eq!(
            read(with).unwrap().argocd.unwrap().repository,
            "http://git/x.git"
        );
    }

    #[test]
    fn processes_and_nonsense_are_no_cluster() {
        assert_eq!(read(r#"{"kind":"processes","invoice_app":{}}"#), None);
        assert_eq!(read("{"), None);
    }
}
