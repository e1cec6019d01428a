use std::path::Path;

use manifests::Kubectl;

use crate::support::rendered;

#[test]
fn the_cluster_s_own_every_tenant_and_every_app_in_every_environment_is_found_and_renders() {
    let seen: Vec<_> = rendered::everything()
        .iter()
        .map(|rendered| (rendered.overlay.path(), rendered.documents.is_empty()))
        .collect();
    let expected = [
        ("apps/invoice-app/overlays/dev", false),
        ("apps/invoice-app/overlays/local", false),
        ("apps/invoice-app/overlays/production", false),
        ("apps/invoice-app/overlays/staging", false),
        ("apps/payment-provider/overlays/dev", false),
        ("apps/payment-provider/overlays/local", false),
        ("apps/payment-provider/overlays/production", false),
        ("apps/payment-provider/overlays/staging", false),
        ("cluster", false),
        ("cluster/argocd-access", false),
        ("tenants/invoice", false),
        ("tenants/operations", false),
        ("tenants/payments", false),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn a_missing_kubectl_is_named_with_the_way_to_get_it() {
    let error = Kubectl::at("no-such-kubectl")
        .render(Path::new("."))
        .unwrap_err()
        .to_string();
    assert!(error.contains("no-such-kubectl"), "{error}");
    assert!(
        error.contains("https://kubernetes.io/docs/tasks/tools/"),
        "{error}"
    );
}

#[test]
fn a_folder_without_a_kustomization_fails_with_what_kubectl_said() {
    let folder = tempfile::tempdir().unwrap();
    let error = Kubectl::default()
        .render(folder.path())
        .unwrap_err()
        .to_string();
    assert!(error.contains("kustomization"), "{error}");
}
