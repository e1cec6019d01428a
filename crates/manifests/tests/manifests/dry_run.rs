use manifests::{Document, Kubectl, Schemas};
use serde_json::Value;

use crate::support::rendered;

#[test]
fn the_cluster_or_without_one_the_schemas_would_take_the_tenants_and_the_overlay_local() {
    let Some((context, registry)) = deployed_to() else {
        println!("nothing is deployed to a cluster, so the schemas alone judge: ./deploy.sh first");
        return assert_schemas_accept(&deployed("registry.example"));
    };
    let documents = deployed(&registry);
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
    assert_the_cluster_notices_a_pod_that_is_not_restricted(&context, &registry);
}

/// The control: without it, a cluster that never warns would pass for one that has no reason to. Where
/// admission has its own rule about it, a refusal comes before any warning.
fn assert_the_cluster_notices_a_pod_that_is_not_restricted(context: &str, registry: &str) {
    let mut documents = deployed(registry);
    documents.retain(|document| document.kind() == "Deployment");
    for document in &mut documents {
        let container = document
            .value_mut()
            .pointer_mut("/spec/template/spec/containers/0")
            .unwrap();
        container["securityContext"]["allowPrivilegeEscalation"] = Value::Bool(true);
    }
    match Kubectl::default().dry_run(context, &documents) {
        Ok(warnings) => {
            let noticed = warnings
                .iter()
                .filter(|line| line.contains("would violate PodSecurity"));
            assert_eq!(noticed.count(), documents.len(), "{warnings:#?}");
        }
        Err(refused) => {
            let refused = refused.to_string();
            assert!(refused.contains("invoice-platform-restricted"), "{refused}");
        }
    }
}

/// With images from the registry that the cluster takes them from, for admission asks for that.
fn deployed(registry: &str) -> Vec<Document> {
    let mut documents = rendered::tenants();
    documents.extend_from_slice(rendered::as_deployed());
    for document in &mut documents {
        let containers = document
            .value_mut()
            .pointer_mut("/spec/template/spec/containers");
        for container in containers
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            let image = container["image"].as_str().unwrap();
            container["image"] = image.replace("registry.example", registry).into();
        }
    }
    documents
}

/// The kube context that deploy.sh last deployed to and the registry of its images, if it was a cluster.
fn deployed_to() -> Option<(String, String)> {
    let text = std::fs::read(rendered::root().join(".deploy/target.json")).ok()?;
    let target: Value = serde_json::from_slice(&text).expect(".deploy/target.json is JSON");
    let of_cluster = |name: &str| {
        target[name]
            .as_str()
            .expect("a cluster has a context and a probe")
    };
    (target["kind"] == "cluster").then(|| {
        let image = of_cluster("probe_image");
        let registry = image
            .rsplit_once('/')
            .map_or(image, |(registry, _)| registry);
        (of_cluster("context").to_owned(), registry.to_owned())
    })
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
