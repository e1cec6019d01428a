use std::collections::BTreeMap;

use manifests::Kubectl;

use crate::support::rendered;
use crate::support::workload::deployments;

/// What tells Argo CD when to run it.
const HOOK: &str = "/metadata/annotations/argocd.argoproj.io~1hook";

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

/// A local cluster brings what the others have around them, a database, and the autoscaler that dev leaves out. What both
/// have is held to the same bound as between the others.
#[test]
fn what_local_and_dev_both_have_differs_in_fewer_than_thirty_lines_and_the_rest_is_named() {
    for app in ["invoice-app", "payment-provider"] {
        let [local, dev] = ["local", "dev"].map(|environment| text(app, environment));
        let [local, dev] = [objects(&local), objects(&dev)];
        let lines: u64 = local
            .iter()
            .filter_map(|(name, before)| Some(differing_lines(before, dev.get(name)?)))
            .sum();
        assert!(lines > 0, "{app}: local and dev are one and the same");
        assert!(lines < 30, "{app}: local and dev differ in {lines} lines");
        assert_eq!(only_in(&local, &dev), brought_by_local(app), "{app}");
        let brought_by_dev = vec![format!("Certificate {app}-tls")];
        assert_eq!(only_in(&dev, &local), brought_by_dev, "{app}");
    }
}

fn brought_by_local(app: &str) -> Vec<String> {
    vec![
        format!("HorizontalPodAutoscaler {app}"),
        format!("NetworkPolicy {app}-database"),
        format!("Service {app}-database"),
        format!("StatefulSet {app}-database"),
    ]
}

fn only_in(one: &BTreeMap<String, &str>, other: &BTreeMap<String, &str>) -> Vec<String> {
    let names = one.keys().filter(|name| !other.contains_key(*name));
    names.cloned().collect()
}

/// Each object's lines, by its kind and name.
fn objects(text: &str) -> BTreeMap<String, &str> {
    let named = |object| (format!("{} {}", kind(object), name(object)), object);
    text.split("\n---\n").map(named).collect()
}

fn kind(object: &str) -> &str {
    let mut lines = object.lines();
    lines
        .find_map(|line| line.strip_prefix("kind: "))
        .expect("an object has a kind")
}

/// kustomize writes `metadata` after `kind`, and nothing that is indented by two and called `name` between them.
fn name(object: &str) -> &str {
    let mut lines = object.lines().skip_while(|line| *line != "metadata:");
    lines
        .find_map(|line| line.strip_prefix("  name: "))
        .expect("an object has a name")
}

#[test]
fn every_environment_has_invoice_app_looked_at_after_each_sync() {
    for environment in ["local", "dev", "staging", "production"] {
        let hooks: Vec<_> = rendered::apps(environment)
            .iter()
            .filter(|document| document.text(HOOK) == Some("PostSync"))
            .map(|document| (document.kind().to_owned(), document.name().to_owned()))
            .collect();
        let expected = (String::from("Job"), String::from("invoice-app-smoke"));
        assert_eq!(hooks, [expected], "{environment}");
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
