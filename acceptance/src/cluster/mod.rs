//! The deployment as the cluster's API shows it.

pub(crate) mod app;
pub(crate) mod applications;
pub(crate) mod authorization;
pub(crate) mod autoscaler;
pub(crate) mod clean_up;
pub(crate) mod collector;
pub(crate) mod controller;
pub(crate) mod cut;
pub(crate) mod database_secret;
pub(crate) mod dry_run;
pub(crate) mod forward;
pub(crate) mod identity;
pub(crate) mod inside;
pub(crate) mod pods;
pub(crate) mod policy;
pub(crate) mod probe_pod;
pub(crate) mod rollout;
pub(crate) mod running;
pub(crate) mod scale;
pub(crate) mod selector;
pub(crate) mod table_lock;
pub(crate) mod turn;

use k8s_openapi::NamespaceResourceScope;
use kube::config::KubeConfigOptions;
use kube::{Api, Client, Config, Resource};

use crate::target::ClusterTarget;

/// What acceptance puts into a cluster carries this label, so that it is found and removed again.
pub(crate) const LABEL: &str = "invoice-platform.example/acceptance";

/// A cluster and what was deployed there.
pub(crate) struct Cluster {
    pub(crate) client: Client,
    /// How the client was made, to make others that come as somebody else.
    config: Config,
    pub(crate) probe_image: String,
}

/// Why the cluster cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The context cannot be read from the kubeconfig.
    #[error(
        "The kube context `{context}` cannot be used: {source}. Check KUBECONFIG, or run ./deploy.sh again."
    )]
    Context {
        /// The context.
        context: String,
        /// Why not.
        source: Box<kube::config::KubeconfigError>,
    },
    /// The cluster's API does not answer.
    #[error(
        "The cluster of kube context `{context}` does not answer: {source}. Start it, or run ./deploy.sh again."
    )]
    Silent {
        /// The context.
        context: String,
        /// Why not.
        source: Box<kube::Error>,
    },
}

impl Cluster {
    /// Connects to the cluster of the target's context, and sees that it answers.
    pub(crate) async fn connect(target: &ClusterTarget) -> Result<Self, ConnectError> {
        // Err means that it is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let context = target.context.clone();
        let options = KubeConfigOptions {
            context: Some(context.clone()),
            ..KubeConfigOptions::default()
        };
        let config =
            Config::from_kubeconfig(&options)
                .await
                .map_err(|source| ConnectError::Context {
                    context: context.clone(),
                    source: Box::new(source),
                })?;
        let silent = |source| ConnectError::Silent {
            context: context.clone(),
            source: Box::new(source),
        };
        let client = Client::try_from(config.clone()).map_err(silent)?;
        client.apiserver_version().await.map_err(silent)?;
        Ok(Self {
            client,
            config,
            probe_image: target.probe_image.clone(),
        })
    }

    /// One kind of thing in one namespace.
    pub(crate) fn api<K>(&self, namespace: &str) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// One kind of thing of the whole cluster, or in all namespaces.
    pub(crate) fn all<K: Resource<DynamicType = ()>>(&self) -> Api<K> {
        Api::all(self.client.clone())
    }
}
