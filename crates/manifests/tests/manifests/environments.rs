use std::collections::BTreeMap;

use manifests::Kubectl;

use crate::support::rendered;
use crate::support::workload::deployments;

#[test]
fn each_environment_differs_from_the_next_in_fewer_than_thirty_lines() {
    for app in ["invoice-app", "payment-provider"] {
        for pair in [["dev", "staging"], ["staging", "production"]] {
            let [before, after] = pair.map(|environment| text(app, environment));
            let lines = differing_lines(&before, &after);
            assert!(lines > 0, "{app}: {pair:?} are one and the same");
            assert!(lines < 30, "{app}: {pair:?} differ in {lines} lines");
        }
    }
}

#[test]
fn every_pod_says_in_which_environment_it_runs() {
    for rendered in rendered::everything() {
        let Some((_, environment)) = rendered.overlay.app() else {
            continue;
        };
        let pods = rendered
            .documents
            .iter()
            .filter(|document| document.kind() == "Deployment");
        for deployment in pods {
            let label = "/spec/template/metadata/labels/invoice-platform.example~1environment";
            assert_eq!(deployment.text(label), Some(environment), "{deployment}");
        }
    }
}

#[test]
fn every_app_logs_json() {
    for deployment in deployments() {
        let container = &deployment.list("/spec/template/spec/containers")[0];
        let format = crate::support::workload::environment(container, "LOG_FORMAT");
        assert_eq!(format, Some("json"), "{deployment}");
    }
}

#[test]
fn no_placeholder_is_left_for_an_overlay_to_fill() {
    for rendered in rendered::everything() {
        for document in &rendered.documents {
            let text = document.value().to_string();
            assert!(
                !text.contains("set-by-") && !text.contains("set-below"),
                "{document}: {text}"
            );
        }
    }
}

fn text(app: &str, environment: &str) -> String {
    let folder = rendered::kustomize().join(format!("apps/{app}/overlays/{environment}"));
    rendered::answer(Kubectl::default().render_text(&folder))
}

/// Lines of one text that the other has not, both ways; order is kustomize's and the same in both.
fn differing_lines(before: &str, after: &str) -> u64 {
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    for line in before.lines() {
        *counts.entry(line).or_default() += 1;
    }
    for line in after.lines() {
        *counts.entry(line).or_default() -= 1;
    }
    counts.values().map(|count| count.unsigned_abs()).sum()
}
