use std::collections::BTreeSet;

use crate::support::rendered;

#[test]
fn every_document_is_in_a_namespace_that_the_tenants_define() {
    let tenants = rendered::tenants();
    let defined: BTreeSet<_> = tenants
        .iter()
        .filter(|document| document.kind() == "Namespace")
        .map(manifests::Document::name)
        .collect();
    assert_eq!(defined, BTreeSet::from(["invoice", "payments"]));
    for document in rendered::documents().filter(|document| document.kind() != "Namespace") {
        let namespace = document.namespace().unwrap_or("none");
        assert!(
            defined.contains(namespace),
            "{document} is in the namespace {namespace}"
        );
    }
}

#[test]
fn both_namespaces_hold_their_pods_to_the_restricted_profile() {
    for namespace in rendered::of_kind("Namespace") {
        for mode in ["enforce", "warn", "audit"] {
            let label = format!("/metadata/labels/pod-security.kubernetes.io~1{mode}");
            assert_eq!(
                namespace.text(&label),
                Some("restricted"),
                "{namespace} {mode}"
            );
        }
    }
}

#[test]
fn every_document_says_what_it_is_part_of() {
    for document in rendered::documents() {
        let label = document.text("/metadata/labels/app.kubernetes.io~1part-of");
        assert_eq!(label, Some("invoice-platform"), "{document}");
    }
}

#[test]
fn no_two_documents_of_an_overlay_have_the_same_name() {
    for rendered in rendered::everything() {
        let names: BTreeSet<_> = rendered.documents.iter().map(ToString::to_string).collect();
        assert_eq!(
            names.len(),
            rendered.documents.len(),
            "{}",
            rendered.overlay.path()
        );
    }
}
