//! `GET /v1/payments`: pages.

use serde_json::json;

use crate::app::{App, sqlite_in};

#[tokio::test]
async fn pages_follow_each_other_to_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(&sqlite_in(&folder)).await;
    let ids: Vec<_> = (0..7)
        .map(|n| format!("0198c0de-0000-7000-8000-00000000000{n}"))
        .collect();
    for id in ids.iter().rev() {
        let body = json!({"id": id, "amount": "1", "currency": "EUR"}).to_string();
        assert_eq!(app.post("/v1/payments", body).await.status, 201);
    }
    let (mut read, mut path) = (Vec::new(), "/v1/payments?limit=3".to_owned());
    loop {
        let page = app.get(&path).await.json();
        for payment in page["items"].as_array().unwrap() {
            read.push(payment["id"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/v1/payments?limit=3&after={next}");
    }
    assert_eq!(read, ids);
    let whole = app.get("/v1/payments").await.json();
    assert_eq!(whole["items"].as_array().unwrap().len(), 7);
    assert_eq!(whole["next"], json!(null));
    let exact = app.get("/v1/payments?limit=7").await.json();
    assert_eq!(exact["next"], json!(null));
}

#[tokio::test]
async fn nothing_is_an_empty_page() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(&sqlite_in(&folder)).await;
    let page = app.get("/v1/payments").await;
    assert_eq!(
        (page.status, page.text.as_str()),
        (200, r#"{"items":[],"next":null}"#)
    );
}
