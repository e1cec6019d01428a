//! The description of the API, which is the contract with its callers.

use std::path::Path;

use chassis::server::describe;
use payment_provider::{PROGRAM, routes};
use serde_json::{Value, json};

use crate::app::{App, sqlite_in};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");

#[test]
fn openapi_json_is_what_the_routes_say() {
    let described = describe(&PROGRAM, routes).to_pretty_json().unwrap() + "\n";
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(FILE, &described).unwrap();
    }
    let kept = std::fs::read_to_string(Path::new(FILE)).unwrap_or_default();
    assert!(
        kept == described,
        "the routes no longer say what payment-provider/openapi.json says. If the change is meant, renew it: \
         UPDATE_OPENAPI=1 cargo test --release -p payment-provider openapi, and review the diff as \
         a change of the contract"
    );
}

#[test]
fn every_operation_has_a_summary_a_tag_and_says_how_it_refuses() {
    let api = serde_json::to_value(describe(&PROGRAM, routes)).unwrap();
    let mut operations = 0;
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{method} {path}");
            assert!(
                !operation["summary"].as_str().unwrap_or_default().is_empty(),
                "{name}"
            );
            assert!(operation["tags"][0].is_string(), "{name}");
            assert!(refuses_with_a_problem(operation), "{name}");
            operations += 1;
        }
    }
    assert_eq!(operations, 4);
}

fn refuses_with_a_problem(operation: &Value) -> bool {
    let responses = operation["responses"].as_object().unwrap();
    responses.iter().any(|(status, response)| {
        status.starts_with('4') && response["content"]["application/problem+json"].is_object()
    })
}

#[tokio::test]
async fn it_is_served_with_its_documentation() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(&sqlite_in(&folder)).await;
    let served = app.get("/openapi.json").await;
    assert_eq!(
        served.json(),
        serde_json::to_value(describe(&PROGRAM, routes)).unwrap()
    );
    let docs = app.get("/docs/").await;
    assert_eq!(docs.status, 200);
    assert!(
        docs.content_type.starts_with("text/html"),
        "{}",
        docs.content_type
    );
    let redirected = app.get("/docs").await;
    assert_eq!(redirected.location.as_deref(), Some("/docs/"));
}

#[test]
fn the_readme_names_every_route_and_variable() {
    let readme = include_str!("../../../README.md");
    for path in describe(&PROGRAM, routes).paths.paths.keys() {
        assert!(readme.contains(&format!("{path}`")), "{path}");
    }
    for variable in <payment_provider::Config as chassis::config::Settings>::variables() {
        let name = variable.name();
        assert!(readme.contains(&format!("`{name}`")), "{name}");
    }
}

#[tokio::test]
async fn what_the_schema_of_the_old_route_excludes_the_server_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(&sqlite_in(&folder)).await;
    let api = serde_json::to_value(describe(&PROGRAM, routes)).unwrap();
    let schema = &api["components"]["schemas"]["DropInPayment"];
    let good = json!({"id": "I1", "value": 12.15, "currency": "EUR"});
    for field in ["id", "value", "currency"] {
        assert!(
            schema["required"]
                .as_array()
                .unwrap()
                .contains(&json!(field))
        );
        assert!(
            schema["properties"][field]["type"].is_string(),
            "{field} may be null"
        );
        for wrong in [None, Some(Value::Null)] {
            let mut body = good.clone();
            match wrong {
                Some(null) => body[field] = null,
                None => drop(body.as_object_mut().unwrap().remove(field)),
            }
            let refused = app.post("/payments/pay", body.to_string()).await;
            assert_eq!(refused.status, 400, "{body}");
        }
    }
    let paid = app.post("/payments/pay", good.to_string()).await;
    assert_eq!(paid.status, 200, "{paid:?}");
}
