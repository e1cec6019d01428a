//! `POST /payments/pay`, byte for byte.

use reqwest::Method;
use serde_json::json;

use crate::app::{App, Reply, sqlite_in};

const PATH: &str = "/payments/pay";

async fn pay(app: &App, body: &'static str) -> (u16, String) {
    let Reply { status, text, .. } = app.post(PATH, body).await;
    (status, text)
}

#[tokio::test]
async fn a_payment_is_answered_with_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(&sqlite_in(&folder)).await;
    let body = r#"{"id":"I1","value":12.15,"currency":"EUR"}"#;
    let first = app.post(PATH, body).await;
    assert_eq!((first.status, first.text.as_str()), (200, r#"{"id":"I1"}"#));
    assert_eq!(first.content_type, "application/json");
    assert_eq!(app.post(PATH, body).await, first);
}

#[tokio::test]
async fn the_first_result_of_an_id_stays_whatever_is_asked_later() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(&sqlite_in(&folder)).await;
    let answer = (200, r#"{"id":"I1"}"#.to_owned());
    assert_eq!(
        pay(&app, r#"{"id":"I1","value":1,"currency":"EUR"}"#).await,
        answer
    );
    assert_eq!(
        pay(&app, r#"{"id":"I1","value":2,"currency":"DKK"}"#).await,
        answer
    );
}

#[tokio::test]
async fn each_mistake_has_its_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(&sqlite_in(&folder)).await;
    for (body, answer) in [
        ("", r#"{"error":"empty body request"}"#),
        (
            "{",
            r#"{"error":"failed to process payment request parameters"}"#,
        ),
        (
            "null",
            r#"{"error":"failed to process payment request parameters"}"#,
        ),
        (
            r#"["I1",1,"EUR"]"#,
            r#"{"error":"failed to process payment request parameters"}"#,
        ),
        (
            r#"{"value":1,"currency":"EUR"}"#,
            r#"{"error":"could not retrieve payment id"}"#,
        ),
        (
            r#"{"id":"I1","currency":"EUR"}"#,
            r#"{"error":"could not retrieve payment value"}"#,
        ),
        (
            r#"{"id":"I1","value":1}"#,
            r#"{"error":"could not retrieve payment currency"}"#,
        ),
        (
            r#"{"id":"I1","value":1,"currency":"NOPE"}"#,
            r#"{"error":"could not retrieve payment currency"}"#,
        ),
        (
            r#"{"id":"I1","value":-1,"currency":"EUR"}"#,
            r#"{"error":"could not retrieve payment value"}"#,
        ),
        (
            r#"{"id":"I1","value":0.001,"currency":"EUR"}"#,
            r#"{"error":"could not retrieve payment value"}"#,
        ),
    ] {
        assert_eq!(pay(&app, body).await, (400, answer.to_owned()), "{body}");
    }
    let not_text = app.send(Method::POST, PATH, None, vec![0xff, 0xfe]).await;
    assert_eq!(
        not_text.text,
        r#"{"error":"failed to process payment request parameters"}"#
    );
    let deep = app.post(PATH, "[".repeat(60_000)).await;
    assert_eq!((deep.status, deep.text), (400, not_text.text));
}

#[tokio::test]
async fn any_content_type_is_taken_as_the_old_system_took_it() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(&sqlite_in(&folder)).await;
    let body = r#"{"id":"I1","value":1,"currency":"EUR"}"#;
    for content_type in [
        None,
        Some("text/plain"),
        Some("application/json; charset=utf-8"),
    ] {
        assert_eq!(
            app.send(Method::POST, PATH, content_type, body)
                .await
                .status,
            200
        );
    }
}

#[tokio::test]
async fn its_ids_are_not_those_of_v1() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(&sqlite_in(&folder)).await;
    let id = "0198c0de-0000-7000-8000-000000000001";
    let dropped_in = json!({"id": id, "value": 1, "currency": "EUR"}).to_string();
    assert_eq!(app.post(PATH, dropped_in).await.status, 200);
    assert_eq!(app.get(&format!("/v1/payments/{id}")).await.status, 404);
    let charge = json!({"id": id, "amount": "2", "currency": "EUR"}).to_string();
    assert_eq!(app.post("/v1/payments", charge).await.status, 201);
    let listed = app.get("/v1/payments").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}
