//! Asking an autoscaler for more replicas for a while. The number it had is noted on the autoscaler itself, so
//! that it comes back even when the run that raised it was killed.

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use kube::ResourceExt;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::Cluster;
use super::app::App;
use crate::failure::Failure;

const NOTE: &str = "invoice-platform.example/acceptance-min-replicas";

impl Cluster {
    /// The service's autoscaler, if it has one that measures: without measurements none scales down.
    pub(crate) async fn autoscaler(
        &self,
        app: App,
    ) -> Result<Option<HorizontalPodAutoscaler>, Failure> {
        let found = self
            .api::<HorizontalPodAutoscaler>(app.namespace())
            .get_opt(app.name())
            .await;
        let found = found.map_err(Failure::cluster(format!(
            "get the autoscaler of {}",
            app.name()
        )))?;
        Ok(found.filter(measures))
    }

    /// Raises the fewest replicas of a service.
    pub(crate) async fn raise_replicas(
        &self,
        app: App,
        autoscaler: &HorizontalPodAutoscaler,
        to: i32,
    ) -> Result<(), Failure> {
        let before = autoscaler
            .spec
            .as_ref()
            .and_then(|spec| spec.min_replicas)
            .unwrap_or(1);
        self.patch_autoscaler(app, &json!({
            "metadata": {"annotations": {NOTE: autoscaler.annotations().get(NOTE).cloned().unwrap_or_else(|| before.to_string())}},
            "spec": {"minReplicas": to},
        }))
        .await
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
