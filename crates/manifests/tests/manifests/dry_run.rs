use manifests::{Document, Kubectl, Schemas};
use serde_json::Value;

use crate::support::rendered;

#[test]
fn the_cluster_or_without_one_the_schemas_would_take_the_tenants_and_the_overlay_local() {
    let documents = deployed();
    let Some(context) = deployed_to() else {
        println!("nothing is deployed to a cluster, so the schemas alone judge: ./deploy.sh first");
        return assert_schemas_accept(&documents);
    };
    let kubectl = Kubectl::default();
    let served = rendered::answer(kubectl.served_kinds(&context));
    let (known, unknown): (Vec<_>, Vec<_>) = documents
        .into_iter()
        .partition(|document| served.include(document));
    assert!(
        !known.is_empty(),
        "the cluster {context} serves no kind that is rendered"
    );
    let warnings = judged(&context, &known);
    let violations: Vec<_> = warnings
        .iter()
        .filter(|line| line.contains("PodSecurity"))
        .collect();
    assert!(violations.is_empty(), "{violations:#?}");
    println!(
        "{} judged by {context}, {} by schemas",
        known.len(),
        unknown.len()
    );
    if !unknown.is_empty() {
        assert_schemas_accept(&unknown);
    }
    assert_the_cluster_warns_of_a_pod_that_is_not_restricted(&context);
}

/// The control: without it, a cluster that never warns would pass for one that has no reason to.
fn assert_the_cluster_warns_of_a_pod_that_is_not_restricted(context: &str) {
    let mut documents = deployed();
    documents.retain(|document| document.kind() == "Deployment");
    for document in &mut documents {
        let container = document
            .value_mut()
            .pointer_mut("/spec/template/spec/containers/0")
            .unwrap();
        container["securityContext"]["allowPrivilegeEscalation"] = Value::Bool(true);
    }
    let warnings = judged(context, &documents);
    let noticed = warnings
        .iter()
        .filter(|line| line.contains("would violate PodSecurity"));
    assert_eq!(noticed.count(), documents.len(), "{warnings:#?}");
}

fn deployed() -> Vec<Document> {
    let mut documents = rendered::tenants();
    documents.extend_from_slice(rendered::as_deployed());
    documents
}

/// The kube context that deploy.sh last deployed to, if it was a cluster.
fn deployed_to() -> Option<String> {
    let text = std::fs::read(rendered::root().join(".deploy/target.json")).ok()?;
    let target: Value = serde_json::from_slice(&text).expect(".deploy/target.json is JSON");
    let context = || {
        target["context"]
            .as_str()
            .expect("a cluster has a context")
            .to_owned()
    };
    (target["kind"] == "cluster").then(context)
}

fn judged(context: &str, documents: &[Document]) -> Vec<String> {
    let warnings = Kubectl::default().dry_run(context, documents);
    warnings.unwrap_or_else(|error| {
        panic!(
            "{error}\n.deploy/target.json names {context}: is it still deployed? ./deploy.sh again"
        )
    })
}

fn assert_schemas_accept(documents: &[Document]) {
    assert!(!documents.is_empty());
    let schemas = rendered::answer(Schemas::load(&rendered::kustomize().join("schemas")));
    let violations: Vec<_> = documents
        .iter()
        .flat_map(|document| schemas.violations(document))
        .collect();
    assert!(violations.is_empty(), "{violations:#?}");
}
