use manifests::{Document, Schemas};
use serde_json::json;

use crate::support::rendered;

#[test]
fn every_document_is_valid() {
    let schemas = load();
    let violations: Vec<_> = rendered::documents()
        .flat_map(|document| schemas.violations(document))
        .map(|violation| violation.to_string())
        .collect();
    assert!(violations.is_empty(), "{violations:#?}");
}

#[test]
fn a_field_that_no_api_knows_is_caught_wherever_it_stands() {
    for place in [
        "",
        "/metadata",
        "/spec",
        "/spec/template/spec",
        "/spec/template/spec/containers/0",
    ] {
        let mut document = deployment();
        document.value_mut().pointer_mut(place).unwrap()["replica"] = json!(3);
        let found = complaints(&document);
        assert!(
            found
                .iter()
                .any(|complaint| complaint.contains("'replica'")),
            "{place}: {found:?}"
        );
    }
}

#[test]
fn a_value_of_the_wrong_type_is_caught_at_its_place() {
    let mut document = deployment();
    document.value_mut()["spec"]["replicas"] = json!("three");
    let found = complaints(&document);
    assert!(
        found[0].contains("Deployment invoice/invoice-app: /spec/replicas:"),
        "{found:?}"
    );
}

#[test]
fn a_missing_field_is_caught() {
    let mut document = deployment();
    document.value_mut()["spec"]
        .as_object_mut()
        .unwrap()
        .remove("selector");
    assert_eq!(complaints(&document).len(), 1);
}

#[test]
fn a_kind_without_a_schema_is_caught() {
    let mut document = deployment();
    document.value_mut()["kind"] = json!("Deploiment");
    let found = complaints(&document);
    assert!(
        found[0].contains("add the kind to kustomize/schemas/refresh.sh"),
        "{found:?}"
    );
}

#[test]
fn the_schemas_stay_small() {
    let folder = rendered::kustomize().join("schemas");
    let files = std::fs::read_dir(folder).unwrap();
    let bytes: u64 = files
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum();
    assert!(bytes < 300_000, "{bytes} bytes");
}

fn load() -> Schemas {
    rendered::answer(Schemas::load(&rendered::kustomize().join("schemas")))
}

fn complaints(document: &Document) -> Vec<String> {
    load()
        .violations(document)
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn deployment() -> Document {
    let documents = rendered::app("invoice-app", "dev");
    documents
        .iter()
        .find(|document| document.kind() == "Deployment")
        .unwrap()
        .clone()
}
