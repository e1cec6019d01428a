//! Asking an autoscaler for more replicas for a while. The number it had is noted on the autoscaler itself, so that it
//! comes back even when the run that raised it was killed.

use std::time::Duration;

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use kube::ResourceExt;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::Cluster;
use super::app::App;
use crate::failure::{Failure, ensure};
use crate::poll;

const NOTE: &str = "invoice-platform.example/acceptance-min-replicas";
/// What a metrics server serves.
const METRICS: &str = "metrics.k8s.io";
/// A metrics server looks at pods every 15 s or 60 s, an autoscaler every 15 s.
const MEASURES_WITHIN: Duration = Duration::from_mins(3);

impl Cluster {
    /// Whether the service has an autoscaler, waited for until it measures: new pods are not measured at once. In a
    /// cluster that measures nothing none scales down.
    pub(crate) async fn is_autoscaled(&self, app: App) -> Result<bool, Failure> {
        let api = self.api::<HorizontalPodAutoscaler>(app.namespace());
        let doing = || Failure::cluster(format!("get the autoscaler of {}", app.name()));
        if !self.measures_pods().await? || api.get_opt(app.name()).await.map_err(doing())?.is_none()
        {
            return Ok(false);
        }
        let what = format!("the autoscaler of {} measuring", app.name());
        poll::until(&what, MEASURES_WITHIN, async || {
            let found = api.get(app.name()).await.map_err(doing())?;
            ensure(measures(&found), || String::from("it does not measure yet"))?;
            Ok(true)
        })
        .await
    }

    /// Raises the fewest replicas of a service.
    pub(crate) async fn raise_replicas(&self, app: App, to: i32) -> Result<(), Failure> {
        let api = self.api::<HorizontalPodAutoscaler>(app.namespace());
        let found = api.get(app.name()).await.map_err(Failure::cluster(format!(
            "get the autoscaler of {}",
            app.name()
        )))?;
        let before = found.spec.as_ref().and_then(|spec| spec.min_replicas);
        let noted = found.annotations().get(NOTE).cloned();
        let note = noted.unwrap_or_else(|| before.unwrap_or(1).to_string());
        let patch = json!({"metadata": {"annotations": {NOTE: note}}, "spec": {"minReplicas": to}});
        self.patch_autoscaler(app, &patch).await
    }

    /// Gives every autoscaler the fewest replicas that it had; says whose were changed.
    pub(crate) async fn lower_replicas_again(&self) -> Result<Vec<&'static str>, Failure> {
        let mut lowered = Vec::new();
        for app in App::ALL {
            let api = self.api::<HorizontalPodAutoscaler>(app.namespace());
            let doing = format!("get the autoscaler of {}", app.name());
            let found = api
                .get_opt(app.name())
                .await
                .map_err(Failure::cluster(doing))?;
            let noted = found.and_then(|found| found.annotations().get(NOTE)?.parse::<i32>().ok());
            if let Some(before) = noted {
                let patch = json!({"metadata": {"annotations": {NOTE: null}}, "spec": {"minReplicas": before}});
                self.patch_autoscaler(app, &patch).await?;
                lowered.push(app.name());
            }
        }
        Ok(lowered)
    }

    async fn patch_autoscaler(&self, app: App, patch: &Value) -> Result<(), Failure> {
        let api = self.api::<HorizontalPodAutoscaler>(app.namespace());
        let patched = api
            .patch(app.name(), &PatchParams::default(), &Patch::Merge(patch))
            .await;
        patched.map(drop).map_err(Failure::cluster(format!(
            "change the autoscaler of {}",
            app.name()
        )))
    }

    async fn measures_pods(&self) -> Result<bool, Failure> {
        let groups = self.client.list_api_groups().await;
        let groups = groups.map_err(Failure::cluster("list the API's groups"))?;
        Ok(groups.groups.iter().any(|group| group.name == METRICS))
    }
}

fn measures(autoscaler: &HorizontalPodAutoscaler) -> bool {
    let conditions = autoscaler
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_deref());
    conditions
        .unwrap_or_default()
        .iter()
        .any(|condition| condition.type_ == "ScalingActive" && condition.status == "True")
}

#[cfg(test)]
mod tests {
    use super::measures;
    use serde_json::json;

    #[test]
    fn an_autoscaler_without_measurements_is_told_from_one_with() {
        let with = |status: &str| {
            let condition = json!({"type": "ScalingActive", "status": status});
            measures(
                &serde_json::from_value(json!({
                    "metadata": {"name": "a"},
                    "status": {"conditions": [condition], "desiredReplicas": 3}
                }))
                .unwrap(),
            )
        };
        assert!(with("True") && !with("False"));
    }
}
