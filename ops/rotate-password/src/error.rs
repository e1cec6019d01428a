//! Why a password was not rotated.

use crate::scram::NoChance;
use crate::url::NotAUrl;

/// Why a password was not rotated. None of them repeats a password.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kube context cannot be used.
    #[error("the kube context cannot be used: {0}")]
    Context(#[from] kube::config::KubeconfigError),
    /// The cluster's API refused.
    #[error("the cluster refused: {0}")]
    Cluster(#[from] kube::Error),
    /// The Secret has not what is needed.
    #[error("the Secret {secret} has no {key}: it was not made by ./deploy.sh")]
    NoKey {
        /// The Secret.
        secret: String,
        /// What is missing.
        key: &'static str,
    },
    /// `DATABASE_URL` cannot be read.
    #[error(transparent)]
    Url(#[from] NotAUrl),
    /// The database is not this cluster's.
    #[error(
        "the database of {app} is at {host}, not in this cluster, so its password is changed there: give the role a \
         successor that may do the same, put that one's address into the Secret {app}-database (key DATABASE_URL), \
         type kubectl --namespace {namespace} rollout restart deployment/{app}, and end the old login when the old \
         pods are gone"
    )]
    Elsewhere {
        /// The app.
        app: String,
        /// Where it runs.
        namespace: String,
        /// Where its database is.
        host: String,
    },
    /// No port for a port-forward.
    #[error("no port of this machine can be listened on: {0}")]
    Port(std::io::Error),
    /// No session in the database.
    #[error(
        "no session in the database of pod {pod}, neither as the app nor as the owner: {source}"
    )]
    NoSession {
        /// The database's pod.
        pod: String,
        /// Why not.
        source: sqlx::Error,
    },
    /// The database refused a statement.
    #[error("the database refused: {0}")]
    Database(#[from] sqlx::Error),
    /// No chance.
    #[error(transparent)]
    NoChance(#[from] NoChance),
    /// Not the role whose turn it is.
    #[error("{0} is not the role whose turn it is: ask with `next`")]
    NotItsTurn(String),
    /// The manifest would be shown to somebody.
    #[error(
        "what is printed holds a password, and this is a terminal: type ./deploy.sh rotate-password"
    )]
    Terminal,
    /// The manifest could not be written.
    #[error("the manifest cannot be written: {0}")]
    Output(std::io::Error),
    /// The Secret did not change.
    #[error(
        "the Secret {secret} does not name {role} after minutes. Nothing was ended: the password before still works. \
         Type ./deploy.sh rotate-password again"
    )]
    NotArrived {
        /// The Secret.
        secret: String,
        /// The role that it should name.
        role: String,
    },
    /// The pods were not replaced.
    #[error(
        "the pods of {app} were not all replaced within minutes. Nothing was ended: the password before still works. \
         Look closer: kubectl --namespace {namespace} get pods; then type ./deploy.sh rotate-password again"
    )]
    NotRolled {
        /// The app.
        app: String,
        /// Where it runs.
        namespace: String,
    },
}
