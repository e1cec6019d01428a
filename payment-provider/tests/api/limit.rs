//! What is above the limit is declined, for ever.

use serde_json::json;

use crate::app::{App, sqlite_in};

const ID: &str = "0198c0de-0000-7000-8000-000000000001";

#[tokio::test]
async fn a_declined_charge_stays_declined_after_the_limit_is_raised() {
    let folder = tempfile::tempdir().unwrap();
    let body = json!({"id": ID, "amount": "10.01", "currency": "EUR"}).to_string();
    let app = App::with_limit(&sqlite_in(&folder), "1000").await;
    let first = app.post("/v1/payments", body.clone()).await;
    assert_eq!(first.status, 201);
    assert_eq!(first.json()["status"], "declined");
    assert_eq!(first.json()["reason"], "amount_above_limit");
    app.stop().await.unwrap();

    let app = App::with_limit(&sqlite_in(&folder), "100000").await;
    let again = app.post("/v1/payments", body).await;
    assert_eq!((again.status, again.json()), (200, first.json()));
    let read = app.get(&format!("/v1/payments/{ID}")).await;
    assert_eq!(read.json(), first.json());
}

#[tokio::test]
async fn what_is_at_the_limit_is_charged() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::with_limit(&sqlite_in(&folder), "1000").await;
    let body = json!({"id": ID, "amount": "10.00", "currency": "EUR"}).to_string();
    assert_eq!(
        app.post("/v1/payments", body).await.json()["status"],
        "succeeded"
    );
}

#[tokio::test]
async fn the_drop_in_route_says_so_with_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::with_limit(&sqlite_in(&folder), "1000").await;
    let body = r#"{"id":"I1","value":10.01,"currency":"EUR"}"#;
    for _ in 0..2 {
        let declined = app.post("/payments/pay", body).await;
        assert_eq!(declined.status, 402);
        assert_eq!(
            declined.json()["type"],
            "urn:invoice-platform:problem:declined"
        );
    }
}
