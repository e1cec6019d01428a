//! Cutting the network between the two services: payment-provider's policy lets nobody in for a while. What it
//! let in is noted on the policy itself, so that it comes back even when the run that cut it was killed.

use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::ResourceExt;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::Cluster;
use super::app::App;
use crate::failure::Failure;

const NOTE: &str = "invoice-platform.example/acceptance-ingress";
const CUT: App = App::PaymentProvider;

impl Cluster {
    /// Lets no new connection into payment-provider.
    pub(crate) async fn cut_services(&self) -> Result<(), Failure> {
        let policy = self.policy_of_provider().await?;
        let ingress = policy
            .as_ref()
            .and_then(|policy| policy.spec.as_ref()?.ingress.clone())
            .unwrap_or_default();
        if ingress.is_empty() {
            return Err(Failure::wrong(
                "payment-provider's policy lets nobody in already",
            ));
        }
        let note = json!(ingress).to_string();
        self.patch_policy(&json!({
            "metadata": {"annotations": {NOTE: note}}, "spec": {"ingress": []},
        }))
        .await
    }

    /// Lets in again whom the policy let in; whether it had been cut.
    pub(crate) async fn join_services(&self) -> Result<bool, Failure> {
        let policy = self.policy_of_provider().await?;
        let note = policy.and_then(|policy| policy.annotations().get(NOTE).cloned());
        let Some(ingress) = note.and_then(|note| serde_json::from_str::<Value>(&note).ok()) else {
            return Ok(false);
        };
        self.patch_policy(&json!({
            "metadata": {"annotations": {NOTE: null}}, "spec": {"ingress": ingress},
        }))
        .await?;
        Ok(true)
    }

    async fn policy_of_provider(&self) -> Result<Option<NetworkPolicy>, Failure> {
        let found = self
            .api::<NetworkPolicy>(CUT.namespace())
            .get_opt(CUT.name())
            .await;
        found.map_err(Failure::cluster("get the policy of payment-provider"))
    }

    async fn patch_policy(&self, patch: &Value) -> Result<(), Failure> {
        let api = self.api::<NetworkPolicy>(CUT.namespace());
        let patched = api
            .patch(CUT.name(), &PatchParams::default(), &Patch::Merge(patch))
            .await;
        patched
            .map(drop)
            .map_err(Failure::cluster("change the policy of payment-provider"))
    }
}
