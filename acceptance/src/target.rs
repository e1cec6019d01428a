//! Where the deployment is: the file that `./deploy.sh` writes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Where the deployment is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Target {
    /// Both services as processes of this machine.
    Processes(Processes),
    /// Both services in a Kubernetes cluster.
    Cluster(ClusterTarget),
}

/// Both services as processes of this machine.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct Processes {
    /// The process of invoice-app.
    pub invoice_app: Service,
    /// The process of payment-provider.
    pub payment_provider: Service,
}

/// One service as a process of this machine.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct Service {
    /// Where its API answers, e.g. `http://127.0.0.1:8081`.
    pub url: String,
    /// Where its management port answers, e.g. `http://127.0.0.1:9081`.
    pub management: String,
    /// The program to start.
    pub program: PathBuf,
    /// The file that holds the process's id.
    pub pid_file: PathBuf,
    /// Where its log is appended.
    pub log_file: PathBuf,
    /// Its whole environment.
    pub environment: BTreeMap<String, String>,
}

/// Both services in a Kubernetes cluster.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct ClusterTarget {
    /// The kube context that names the cluster.
    pub context: String,
    /// The overlay that was deployed, e.g. `local`.
    pub environment: String,
    /// Where the Ingress answers from outside, e.g. `http://127.0.0.1`.
    pub ingress_url: String,
    /// The image of the probe program, by digest.
    pub probe_image: String,
    /// The Argo CD that deployed it; none where the manifests were applied by hand.
    #[serde(default)]
    pub argocd: Option<ArgoCd>,
}

/// The Argo CD that deployed a cluster's services, and the branch that it follows.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct ArgoCd {
    /// The namespace of its Applications.
    pub namespace: String,
    /// Where the repository is pushed to from here.
    pub repository: String,
    /// The branch that it follows.
    pub branch: String,
    /// Its Applications of this deployment.
    pub applications: Vec<String>,
}

/// Why the deployment is not known.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// There is no such file.
    #[error("Nothing is deployed: {0} does not exist. Run ./deploy.sh first, then this again.")]
    Missing(PathBuf),
    /// The file cannot be read.
    #[error("{path} cannot be read: {source}. Run ./deploy.sh to write it again.")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file says something else than a target.
    #[error("{path} is not a target ({source}). Run ./deploy.sh to write it again.")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// Reads a target file.
///
/// # Errors
/// A sentence that names the file and `./deploy.sh`.
pub fn read(path: &Path) -> Result<Target, TargetError> {
    let text = std::fs::read_to_string(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => TargetError::Missing(path.to_owned()),
        _ => TargetError::Unreadable {
            path: path.to_owned(),
            source,
        },
    })?;
    serde_json::from_str(&text).map_err(|source| TargetError::Malformed {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::{Target, TargetError, read};
    use std::io::Write;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn a_cluster_is_read() {
        let file = file(
            r#"{"kind":"cluster","context":"kind-kind","environment":"local",
                "ingress_url":"http://127.0.0.1","probe_image":"registry/probe@sha256:00"}"#,
        );
        let Target::Cluster(cluster) = read(file.path()).unwrap() else {
            panic!("not a cluster")
        };
        assert_eq!(cluster.context, "kind-kind");
        assert_eq!(cluster.probe_image, "registry/probe@sha256:00");
        assert_eq!(cluster.argocd, None);
    }

    #[test]
    fn a_cluster_is_read_with_the_argo_cd_that_deployed_it() {
        let file = file(
            r#"{"kind":"cluster","context":"c","environment":"local","ingress_url":"","probe_image":"",
                "argocd":{"namespace":"argocd","repository":"http://git/x.git","branch":"deploy",
                          "environment":"local","applications":["root","app-local"]}}"#,
        );
        let Target::Cluster(cluster) = read(file.path()).unwrap() else {
            panic!("not a cluster")
        };
        let argocd = cluster.argocd.unwrap();
        assert_eq!(argocd.branch, "deploy");
        assert_eq!(argocd.applications, ["root", "app-local"]);
    }

    #[test]
    fn processes_are_read_with_their_environment() {
        let service = |name: &str| {
            format!(
                r#"{{"url":"http://127.0.0.1:1","management":"http://127.0.0.1:2","program":"/p/{name}",
                    "pid_file":"/p/pid","log_file":"/p/log","environment":{{"NAME":"value"}}}}"#
            )
        };
        let file = file(&format!(
            r#"{{"kind":"processes","invoice_app":{},"payment_provider":{}}}"#,
            service("invoice-app"),
            service("payment-provider")
        ));
        let Target::Processes(processes) = read(file.path()).unwrap() else {
            panic!("not processes")
        };
        assert_eq!(processes.invoice_app.environment["NAME"], "value");
        assert!(
            processes
                .payment_provider
                .program
                .ends_with("payment-provider")
        );
    }

    #[test]
    fn a_missing_file_names_deploy_sh() {
        let error = read("/nowhere/target.json".as_ref()).unwrap_err();
        assert!(matches!(error, TargetError::Missing(_)));
        assert!(error.to_string().contains("./deploy.sh"), "{error}");
    }

    #[test]
    fn a_malformed_file_says_what_is_wrong_with_it() {
        let error = read(file(r#"{"kind":"boat"}"#).path())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("boat") && error.contains("./deploy.sh"),
            "{error}"
        );
    }
}
