use serde_json::json;

use crate::support::rendered;
use crate::support::workload::{deployments, selects};

#[test]
fn every_app_has_three_replicas_or_an_autoscaler_that_keeps_three() {
    for rendered in rendered::everything() {
        let deployments = rendered
            .documents
            .iter()
            .filter(|document| document.kind() == "Deployment");
        for deployment in deployments {
            let scaler = rendered.documents.iter().find(|document| {
                document.kind() == "HorizontalPodAutoscaler"
                    && document.namespace() == deployment.namespace()
                    && document.text("/spec/scaleTargetRef/name") == Some(deployment.name())
            });
            let replicas = deployment.at("/spec/replicas");
            match scaler {
                None => assert_eq!(replicas, Some(&json!(3)), "{deployment}"),
                Some(scaler) => {
                    assert_eq!(
                        replicas, None,
                        "{deployment}: each apply undoes the autoscaler"
                    );
                    let least = scaler
                        .at("/spec/minReplicas")
                        .and_then(serde_json::Value::as_u64);
                    assert!(least >= Some(3), "{scaler}");
                }
            }
        }
    }
}

#[test]
fn every_environment_but_dev_has_autoscalers() {
    for rendered in rendered::everything() {
        let Some((app, environment)) = rendered.overlay.app() else {
            continue;
        };
        let scaled: Vec<_> = rendered
            .documents
            .iter()
            .filter(|document| document.kind() == "HorizontalPodAutoscaler")
            .map(manifests::Document::name)
            .collect();
        let expected = if environment == "dev" {
            vec![]
        } else {
            vec![app]
        };
        assert_eq!(scaled, expected, "{}", rendered.overlay.path());
    }
}

#[test]
fn local_scales_down_while_somebody_watches_and_the_others_as_kubernetes_does() {
    for rendered in rendered::everything() {
        let Some((_, environment)) = rendered.overlay.app() else {
            continue;
        };
        let scalers = rendered
            .documents
            .iter()
            .filter(|document| document.kind() == "HorizontalPodAutoscaler");
        for scaler in scalers {
            let window = scaler.at("/spec/behavior/scaleDown/stabilizationWindowSeconds");
            let expected = (environment == "local").then(|| json!(15));
            assert_eq!(window, expected.as_ref(), "{scaler}");
        }
    }
}

#[test]
fn pods_are_spread_over_zones_and_nodes_where_there_are_some() {
    for deployment in deployments() {
        let constraints = deployment.list("/spec/template/spec/topologySpreadConstraints");
        let keys: Vec<_> = constraints
            .iter()
            .map(|one| one["topologyKey"].as_str().unwrap())
            .collect();
        assert_eq!(
            keys,
            ["topology.kubernetes.io/zone", "kubernetes.io/hostname"],
            "{deployment}"
        );
        for constraint in constraints {
            assert_eq!(
                constraint["whenUnsatisfiable"], "ScheduleAnyway",
                "{deployment}"
            );
            let selector = constraint.pointer("/labelSelector/matchLabels");
            assert!(
                selects(selector, deployment),
                "{deployment}: spreads other pods"
            );
        }
    }
}

#[test]
fn a_roll_out_never_takes_a_pod_away_before_its_successor_is_ready() {
    for deployment in deployments() {
        let expected = json!({
            "type": "RollingUpdate",
            "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
        });
        assert_eq!(
            deployment.at("/spec/strategy"),
            Some(&expected),
            "{deployment}"
        );
    }
}

#[test]
fn a_disruption_budget_selects_each_app_s_pods_and_allows_one_disruption() {
    for rendered in rendered::everything() {
        let deployments = rendered
            .documents
            .iter()
            .filter(|document| document.kind() == "Deployment");
        for deployment in deployments {
            let budgets: Vec<_> = rendered
                .documents
                .iter()
                .filter(|document| document.kind() == "PodDisruptionBudget")
                .filter(|budget| budget.namespace() == deployment.namespace())
                .filter(|budget| selects(budget.at("/spec/selector/matchLabels"), deployment))
                .collect();
            // More than one would make every eviction fail.
            assert_eq!(budgets.len(), 1, "{deployment}");
            assert_eq!(
                budgets[0].at("/spec/maxUnavailable"),
                Some(&json!(1)),
                "{deployment}"
            );
            assert_eq!(budgets[0].at("/spec/minAvailable"), None, "{deployment}");
        }
    }
}
