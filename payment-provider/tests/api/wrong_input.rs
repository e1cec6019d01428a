//! Whatever is sent to any route, the answer is a problem that says what is wrong, and nothing is
//! charged.

use reqwest::Method;
use serde_json::json;

use crate::app::{App, Reply, sqlite_in};

const JSON: Option<&str> = Some("application/json");
const ID: &str = "0198c0de-0000-7000-8000-000000000001";
const IS_NO_ID: &str = "id must be a UUID, such as 01a1fe10-cca8-766a-9200-95e29c0d1c06";

/// The parts of a refusal that a client reads.
fn check(what: &str, reply: &Reply, status: u16, field: Option<&str>) {
    assert_eq!(reply.status, status, "{what}: {reply:?}");
    assert_eq!(reply.content_type, "application/problem+json", "{what}");
    let problem = reply.json();
    assert_eq!(problem["status"], status, "{what}");
    for member in ["type", "title", "detail"] {
        let text = problem[member].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "{what}: {member}");
    }
    let trace_id = problem["trace_id"].as_str().unwrap_or_default();
    assert_eq!(trace_id.len(), 32, "{what}: {problem}");
    assert_eq!(
        problem["errors"][0]["field"].as_str(),
        field,
        "{what}: {problem}"
    );
}

async fn nothing_was_charged(app: &App) {
    let listed = app.get("/v1/payments").await.json();
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test]
async fn every_wrong_body_of_a_charge_names_its_field() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(&sqlite_in(&folder)).await;
    let with = |field: &str, value: serde_json::Value| {
        let mut body = json!({"id": ID, "amount": "12.15", "currency": "EUR"});
        body[field] = value;
        body.to_string()
    };
    let without = |field: &str| {
        let mut body = json!({"id": ID, "amount": "12.15", "currency": "EUR"});
        body.as_object_mut().unwrap().remove(field);
        body.to_string()
    };
    let mut cases = vec![
        ("body", String::new()),
        ("body", "{".to_owned()),
        ("body", "nonsense".to_owned()),
        ("body", "null".to_owned()),
        ("body", "\"text\"".to_owned()),
        ("body", format!(r#"["{ID}", "12.15", "EUR"]"#)),
        ("body", with("amount", json!("1")) + "{}"),
        ("body", "[".repeat(60_000)),
        ("amount", format!(r#"{{"amount": {}"#, "[".repeat(60_000))),
        (
            "amount",
            format!(r#"{{"id": "{ID}", "amount": "1", "amount": "2", "currency": "EUR"}}"#),
        ),
        ("surprise", with("surprise", json!(1))),
    ];
    for field in ["id", "amount", "currency"] {
        cases.push((field, without(field)));
        for value in [
            json!(null),
            json!(5),
            json!([]),
            json!({}),
            json!(true),
            json!(""),
            json!("\0"),
        ] {
            cases.push((field, with(field, value)));
        }
    }
    let amounts = [
        "0", "0.00", "-1", "-0.01", "1.005", "1e3", "+1", ".5", "5.", "1,5", "0x1", " 1", "NaN",
        "Infinity", "１", "12.15\0",
    ];
    for amount in amounts {
        cases.push(("amount", with("amount", json!(amount))));
    }
    cases.push(("amount", with("amount", json!("9".repeat(19)))));
    cases.push(("amount", with("amount", json!("9".repeat(60_000)))));
    for currency in ["eur", "EURO", "XAU", "XXX", "€", "EUR "] {
        cases.push(("currency", with("currency", json!(currency))));
    }
    for id in [
        "I1",
        "0198c0de",
        "0198c0de-0000-7000-8000-00000000000g",
        "' or 1=1 --",
    ] {
        cases.push(("id", with("id", json!(id))));
    }
    for (field, body) in cases {
        let what = format!("{body:.100}");
        check(
            &what,
            &app.post("/v1/payments", body).await,
            400,
            Some(field),
        );
    }
    let not_text = app.post("/v1/payments", vec![b'"', 0xff, b'"']).await;
    check("not UTF-8", &not_text, 400, Some("body"));
    nothing_was_charged(&app).await;
}

#[tokio::test]
async fn another_content_type_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(&sqlite_in(&folder)).await;
    let body = json!({"id": ID, "amount": "12.15", "currency": "EUR"}).to_string();
    for content_type in [
        None,
        Some("text/plain"),
        Some("application/xml"),
        Some("application/x-www-form-urlencoded"),
        Some("nonsense"),
    ] {
        let reply = app
            .send(Method::POST, "/v1/payments", content_type, body.clone())
            .await;
        check(&format!("{content_type:?}"), &reply, 415, None);
    }
    nothing_was_charged(&app).await;
    let with_charset = Some("application/json; charset=utf-8");
    assert_eq!(
        app.send(Method::POST, "/v1/payments", with_charset, body)
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(&sqlite_in(&folder)).await;
    for path in ["/v1/payments", "/payments/pay"] {
        let huge = vec![b' '; 1_000_000];
        let reply = app.send(Method::POST, path, JSON, huge).await;
        check(path, &reply, 413, None);
    }
    nothing_was_charged(&app).await;
}

#[tokio::test]
async fn a_wrong_method_is_told_which_ones_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(&sqlite_in(&folder)).await;
    let one = format!("/v1/payments/{ID}");
    for (path, methods, allow) in [
        (
            "/v1/payments",
            vec!["PUT", "PATCH", "DELETE", "OPTIONS", "BREW"],
            "GET, HEAD, POST",
        ),
        (&one, vec!["POST", "PUT", "DELETE"], "GET, HEAD"),
        ("/payments/pay", vec!["GET", "PUT", "DELETE"], "POST"),
        ("/openapi.json", vec!["POST"], "GET, HEAD"),
        ("/docs/", vec!["POST"], "GET, HEAD"),
    ] {
        for method in methods {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let reply = app.send(method.clone(), path, JSON, "{}").await;
            check(&format!("{method} {path}"), &reply, 405, None);
            assert_eq!(reply.allow.as_deref(), Some(allow), "{path}");
        }
    }
}

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(&sqlite_in(&folder)).await;
    for path in [
        "/",
        "/v1",
        "/v2/payments",
        "/v1/payments/",
        "/payments",
        "//v1/payments",
        "/v1/payments/%00/x",
        "/livez",
        "/metrics",
    ] {
        check(path, &app.get(path).await, 404, None);
        check(path, &app.post(path, "{}").await, 404, None);
    }
}

#[tokio::test]
async fn an_id_in_the_path_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(&sqlite_in(&folder)).await;
    for id in [
        "I1",
        "%00",
        "%ff",
        "..%2f..",
        "' or 1=1 --",
        "0198c0de-0000-7000-8000-00000000000g",
        &"9".repeat(3_000),
    ] {
        let reply = app.get(&format!("/v1/payments/{id}")).await;
        check(id, &reply, 400, Some("id"));
        assert_eq!(reply.json()["detail"], IS_NO_ID);
    }
    let body = json!({"id": 5, "amount": "12.15", "currency": "EUR"});
    let reply = app.post("/v1/payments", body.to_string()).await;
    assert_eq!(reply.json()["detail"], IS_NO_ID);
}

#[tokio::test]
async fn every_wrong_parameter_of_a_page_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(&sqlite_in(&folder)).await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=x", "limit"),
        ("limit=", "limit"),
        ("limit=1.5", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("limit=1&limit=2", "limit"),
        ("limit=%00", "limit"),
        ("after=x", "after"),
        ("after=", "after"),
        ("after=%ff", "after"),
        ("surprise=1", "surprise"),
    ] {
        check(
            query,
            &app.get(&format!("/v1/payments?{query}")).await,
            400,
            Some(field),
        );
    }
    assert_eq!(app.get("/v1/payments?limit=200").await.status, 200);
}
