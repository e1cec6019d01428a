//! The deployment in the cluster, and how it is asked.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;

use crate::branch::{self, Branch};
use crate::check::Seen;
use crate::check::doors::{Deployment, InvoiceAppDoors};
use crate::cli::Storm;
use crate::client::{Door, Http, InvoiceApp, PaymentProvider};
use crate::cluster::Cluster;
use crate::cluster::app::App;
use crate::failure::Failure;
use crate::report::Console;
use crate::run::World;
use crate::target::{ArgoCd, ClusterTarget};

/// The deployment under test.
pub(crate) struct ClusterWorld {
    pub(crate) cluster: Cluster,
    pub(crate) target: ClusterTarget,
    http: Http,
    console: Arc<Console>,
    pub(crate) storm: Storm,
}

impl ClusterWorld {
    pub(crate) fn new(
        cluster: Cluster,
        http: Http,
        target: ClusterTarget,
        console: Arc<Console>,
        storm: Storm,
    ) -> Self {
        Self {
            cluster,
            target,
            http,
            console,
            storm,
        }
    }

    /// The client that everything is asked by, where nobody asks who it is.
    pub(crate) fn http(&self) -> &Http {
        &self.http
    }

    /// The Argo CD that deployed this.
    pub(crate) fn argocd(&self) -> Result<&ArgoCd, Failure> {
        self.target.argocd.as_ref().ok_or_else(|| {
            Failure::NotHere(String::from(
                "no Argo CD deployed this: its manifests were applied by hand",
            ))
        })
    }

    /// The branch that Argo CD follows, where acceptance may commit what is tried.
    pub(crate) async fn branch(&self) -> Result<Branch, Failure> {
        Branch::for_trials(self.argocd()?, &self.target.environment).await
    }

    /// The name of the Application by which Argo CD deploys a service.
    pub(crate) fn application_of(&self, app: App) -> String {
        format!("{}-{}", app.name(), self.target.environment)
    }

    /// Runs a check that takes away what Argo CD would bring back at once: meanwhile its Applications are held
    /// still.
    pub(crate) async fn held_still(&self, check: impl Future<Output = Seen>) -> Seen {
        let Some(argocd) = &self.target.argocd else {
            return check.await;
        };
        self.cluster.hold_still(argocd).await?;
        let seen = check.await;
        // What the check saw says more than that it could not be cleared up after it.
        let let_go = self.cluster.let_go(argocd).await;
        let seen = seen?;
        let_go.map(|_| seen)
    }

    /// A server by its address, asked without encryption.
    pub(crate) fn plain(&self, authority: &str) -> Door {
        Door::new(&self.http, &format!("http://{authority}"), authority)
    }

    /// The Ingress.
    pub(crate) fn ingress(&self) -> Door {
        Door::new(&self.http, &self.target.ingress_url, "the Ingress")
    }

    /// One pod's port, by a port-forward. Where who calls has to say who it is, it is invoice-app.
    pub(crate) async fn door(&self, pod: &Pod, port: u16) -> Result<Door, Failure> {
        let provider = App::PaymentProvider;
        if port != provider.http_port() {
            let forward = self.cluster.forward(pod, port).await?;
            return Ok(Door::through(&self.http, forward, pod.name_any()));
        }
        let caller = self.cluster.known_as(App::InvoiceApp).await?;
        let host = provider.host();
        let http = Http::showing(Some(&caller.identity), &caller.authorities, host)?;
        let forward = self.cluster.forward(pod, port).await?;
        Ok(Door::through_tls(&http, forward, host, pod.name_any()))
    }

    /// invoice-app, asked at one pod.
    pub(crate) async fn replica(&self, pod: &Pod) -> Result<InvoiceApp, Failure> {
        Ok(InvoiceApp(
            self.door(pod, App::InvoiceApp.http_port()).await?,
        ))
    }
}

impl Deployment for ClusterWorld {
    fn console(&self) -> &Console {
        &self.console
    }

    async fn invoice_app(&self) -> Result<InvoiceAppDoors, Failure> {
        let mut replicas = Vec::new();
        for pod in self.cluster.replicas(App::InvoiceApp).await? {
            replicas.push(self.replica(&pod).await?);
        }
        Ok(InvoiceAppDoors {
            outside: InvoiceApp(self.ingress()),
            replicas,
        })
    }

    async fn payment_provider(&self) -> Result<PaymentProvider, Failure> {
        let pods = self.cluster.replicas(App::PaymentProvider).await?;
        let pod = pods
            .first()
            .ok_or_else(|| Failure::wrong("payment-provider has no ready pod"))?;
        Ok(PaymentProvider(
            self.door(pod, App::PaymentProvider.http_port()).await?,
        ))
    }
}

impl World for ClusterWorld {
    fn console(&self) -> &Console {
        &self.console
    }

    async fn put_back(&self) -> Result<Vec<String>, Failure> {
        let cleaned = self.cluster.clean_up().await;
        // Applications that nobody lets go would never be brought up to date again: whatever else fails.
        let Some(argocd) = &self.target.argocd else {
            return cleaned;
        };
        let restored = branch::restore(argocd).await;
        let let_go = self.cluster.let_go(argocd).await;
        let mut done = cleaned?;
        done.extend(
            restored?.map(|commit| format!("the deployment branch (restored by {commit})")),
        );
        done.extend(let_go?);
        Ok(done)
    }
}
