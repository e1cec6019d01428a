//! Whether a service has an autoscaler that would scale it down.

use std::time::Duration;

use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;

use super::Cluster;
use super::app::App;
use crate::failure::{Failure, ensure};
use crate::poll;

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
