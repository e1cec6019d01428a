use serde_json::{Value, json};

use super::change::Changes;
use super::projects::ELSEWHERE;

/// What may go wrong with an Application of the platform.
pub(super) fn application(changes: &mut Changes<'_>) {
    changes.taken_away();
    changes.replaced(
        "/metadata/namespace",
        "in the namespace invoice",
        json!("invoice"),
    );
    for folder in [
        "argocd",
        "cluster",
        "tenants",
        "invoice-app",
        "payment-provider",
    ] {
        path(changes, "/spec", &format!("clusters/local/{folder}"));
    }
    for folder in ["argocd", "cluster", "tenants"] {
        path(changes, "/spec", &format!("clusters/dev/{folder}"));
    }
    specification(changes, "/spec");
}

/// What may go wrong with the set that makes a team's Applications.
pub(super) fn application_set(changes: &mut Changes<'_>) {
    changes.taken_away();
    changes.replaced(
        "/metadata/namespace",
        "in the namespace invoice",
        json!("invoice"),
    );
    let template = "/spec/template/spec";
    for folder in [
        "cluster",
        "tenants",
        "argocd",
        "invoice-app",
        "payment-provider",
        "",
    ] {
        path(
            changes,
            template,
            &format!("clusters/{{{{.environment}}}}/{folder}"),
        );
    }
    for other in [
        "clusters/dev/{{.app}}",
        "clusters/{{.app}}",
        "kustomize/apps/{{.app}}/base",
    ] {
        path(changes, template, other);
    }
    specification(changes, template);
    elements(changes);
    let name = "/spec/template/metadata/name";
    for other in ["{{.app}}", "platform-cluster"] {
        changes.replaced(name, format!("{name} {other}"), json!(other));
    }
    changes.each_taken_out("/spec/preservedFields/annotations");
    changes.added(
        "/spec/preservedFields/annotations",
        &json!("example.org/more"),
    );
    changes.field_written(
        "/spec/syncPolicy",
        "preserveResourcesOnDeletion",
        &json!(false),
    );
    changes.field_written(
        "/spec",
        "templatePatch",
        &json!("spec: {project: platform}"),
    );
    changes.field_taken_out("/spec", "goTemplate");
    changes.field_taken_out("/spec", "goTemplateOptions");
}

/// What an Application is to do, written at a pointer.
fn specification(changes: &mut Changes<'_>, spec: &str) {
    for project in ["platform", "default", "invoice", "operations", "payments"] {
        changes.field_written(spec, "project", &json!(project));
    }
    for other in [
        ".",
        "clusters",
        "clusters/local",
        "kustomize/cluster",
        "kustomize/apps/payment-provider/overlays/local",
    ] {
        path(changes, spec, other);
    }
    let source = format!("{spec}/source");
    changes.field_written(&source, "repoURL", &json!(ELSEWHERE));
    for branch in ["HEAD", "main"] {
        changes.field_written(&source, "targetRevision", &json!(branch));
    }
    let patch = json!({"patches": [{"patch": "[]"}]});
    for (field, value) in [
        ("kustomize", patch),
        ("directory", json!({"recurse": true})),
        ("helm", json!({"values": "a: b"})),
        ("plugin", json!({"name": "any"})),
    ] {
        changes.field_written(&source, field, &value);
    }
    let another = json!([{"repoURL": ELSEWHERE, "targetRevision": "main", "path": "."}]);
    changes.field_written(spec, "sources", &another);
    let destination = format!("{spec}/destination");
    for namespace in ["argocd", "kube-system", "invoice", "operations", "payments"] {
        changes.field_written(&destination, "namespace", &json!(namespace));
    }
    changes.field_taken_out(&destination, "namespace");
    changes.field_written(&destination, "server", &json!("https://cluster.example"));
    changes.field_written(&destination, "name", &json!("another"));
    synced(changes, spec);
}

fn synced(changes: &mut Changes<'_>, spec: &str) {
    let policy = format!("{spec}/syncPolicy");
    changes.field_taken_out(&policy, "automated");
    for field in ["prune", "selfHeal"] {
        changes.field_written(&format!("{policy}/automated"), field, &json!(false));
    }
    let options = format!("{policy}/syncOptions");
    changes.each_taken_out(&options);
    for option in ["CreateNamespace=true", "Replace=true", "Validate=false"] {
        changes.added(&options, &json!(option));
    }
    let ignored = json!([{"group": "*", "kind": "*", "jsonPointers": ["/spec"]}]);
    changes.field_written(spec, "ignoreDifferences", &ignored);
}

fn path(changes: &mut Changes<'_>, spec: &str, other: &str) {
    changes.field_written(&format!("{spec}/source"), "path", &json!(other));
}

/// For which programs and environments a set makes Applications.
fn elements(changes: &mut Changes<'_>) {
    let lists = "/spec/generators/0/matrix/generators";
    let (programs, environments) = (
        format!("{lists}/0/list/elements"),
        format!("{lists}/1/list/elements"),
    );
    for list in [&programs, &environments] {
        changes.each_taken_out(list);
    }
    let others: [(&str, &str, &[&str]); 2] = [
        (
            &programs,
            "app",
            &[
                "invoice-app",
                "payment-provider",
                "cluster",
                "tenants",
                "argocd",
                "../cluster",
            ],
        ),
        (&environments, "environment", &["dev", "production", ".."]),
    ];
    for (list, field, values) in others {
        for value in values {
            let element = json!({field: value});
            changes.added(list, &element);
            changes.replaced(&format!("{list}/0"), format!("{list}/0 {value}"), element);
        }
    }
    changes.field_written(&format!("{programs}/0"), "environment", &json!("dev"));
    changes.field_written(&format!("{environments}/0"), "app", &json!("cluster"));
    let folders =
        json!({"git": {"repoURL": ELSEWHERE, "revision": "main", "directories": [{"path": "*"}]}});
    changes.added("/spec/generators", &folders);
    changes.added(lists, &json!({"clusters": {}}));
    changes.replaced(
        "/spec/generators",
        "no generators",
        Value::Array(Vec::new()),
    );
}
