use crate::support::rendered;
use crate::support::workload::deployments;

/// What tells Argo CD when to run it.
const HOOK: &str = "/metadata/annotations/argocd.argoproj.io~1hook";

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
