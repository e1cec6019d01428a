use std::collections::BTreeSet;

use crate::support::rendered;

/// Kinds that belong to no namespace.
const OF_THE_CLUSTER: [&str; 5] = [
    "ClusterRole",
    "ClusterRoleBinding",
    "Namespace",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
];

#[test]
fn every_document_is_in_a_namespace_that_the_tenants_define() {
    let tenants = rendered::tenants();
    let defined: BTreeSet<_> = tenants
        .iter()
        .filter(|document| document.kind() == "Namespace")
        .map(manifests::Document::name)
        .collect();
    assert_eq!(
        defined,
        BTreeSet::from(["invoice", "operations", "payments"])
    );
    for rendered in rendered::everything() {
        let of_argocd = rendered.overlay.path() == "cluster/argocd-access";
        let namespaced = rendered
            .documents
            .iter()
            .chain(rendered::as_deployed())
            .filter(|document| !OF_THE_CLUSTER.contains(&document.kind()));
        for document in namespaced {
            let namespace = document.namespace().unwrap_or("none");
            assert!(
                defined.contains(namespace) || of_argocd && namespace == "argocd",
                "{document} is in the namespace {namespace}"
            );
        }
    }
}

#[test]
fn no_document_of_the_whole_cluster_is_in_a_namespace_and_only_the_platform_has_such() {
    for rendered in rendered::everything() {
        let of_the_cluster = rendered
            .documents
            .iter()
            .filter(|document| OF_THE_CLUSTER.contains(&document.kind()));
        for document in of_the_cluster {
            assert_eq!(document.namespace(), None, "{document}");
            assert_eq!(rendered.overlay.app(), None, "{document}");
        }
    }
}

#[test]
fn every_namespace_holds_their_pods_to_the_restricted_profile() {
    for namespace in rendered::of_kind("Namespace") {
        for mode in ["enforce", "warn", "audit"] {
            let label = format!("/metadata/labels/pod-security.kubernetes.io~1{mode}");
            assert_eq!(
                namespace.text(&label),
                Some("restricted"),
                "{namespace} {mode}"
            );
            // Pinned, so that no upgrade of the cluster changes by itself which pods are refused.
            let version = namespace.text(&format!("{label}-version"));
            assert!(
                version.is_some_and(|version| version.starts_with("v1.")),
                "{namespace} {mode}: {version:?}"
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
