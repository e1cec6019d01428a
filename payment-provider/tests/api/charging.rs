//! `/v1/payments`: charging an id once, and reading what came of it.

use serde_json::{Value, json};

use crate::app::{App, sqlite_in};

const ID: &str = "0198c0de-0000-7000-8000-000000000001";

fn charge(id: &str, amount: &str, currency: &str) -> String {
    json!({"id": id, "amount": amount, "currency": currency}).to_string()
}

#[tokio::test]
async fn a_charge_is_created_and_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(&sqlite_in(&folder)).await;
    let created = app.post("/v1/payments", charge(ID, "12.15", "EUR")).await;
    assert_eq!(created.status, 201, "{created:?}");
    let location = created.location.clone().unwrap();
    assert_eq!(location, format!("/v1/payments/{ID}"));
    let mut payment = created.json();
    let created_at = payment["created_at"].take();
    assert!(created_at.as_str().unwrap().ends_with('Z'), "{created_at}");
    assert_eq!(
        payment,
        json!({"id": ID, "amount": "12.15", "currency": "EUR", "status": "succeeded", "reason": null, "created_at": null})
    );
    let read = app.get(&location).await;
    assert_eq!((read.status, read.json()), (200, created.json()));
}

#[tokio::test]
async fn a_repetition_gets_the_first_result() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(&sqlite_in(&folder)).await;
    let first = app.post("/v1/payments", charge(ID, "12.10", "EUR")).await;
    for same in ["12.10", "12.1"] {
        let again = app.post("/v1/payments", charge(ID, same, "EUR")).await;
        assert_eq!((again.status, again.json()), (200, first.json()));
    }
    let in_capitals = ID.to_uppercase();
    let again = app
        .post("/v1/payments", charge(&in_capitals, "12.10", "EUR"))
        .await;
    assert_eq!((again.status, again.json()), (200, first.json()));
}

#[tokio::test]
async fn a_different_amount_or_currency_is_a_conflict_that_shows_the_stored_payment() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(&sqlite_in(&folder)).await;
    let first = app.post("/v1/payments", charge(ID, "12.15", "EUR")).await;
    for (amount, currency) in [("12.16", "EUR"), ("12.15", "GBP")] {
        let other = app.post("/v1/payments", charge(ID, amount, currency)).await;
        assert_eq!(other.status, 409);
        assert_eq!(other.content_type, "application/problem+json");
        let problem = other.json();
        assert_eq!(
            problem["type"],
            "urn:invoice-platform:problem:different-payment"
        );
        assert_eq!(problem["payment"], first.json());
    }
    let read = app.get(&format!("/v1/payments/{ID}")).await;
    assert_eq!(read.json(), first.json());
}

#[tokio::test]
async fn of_many_requests_at_once_one_charges() {
    let folder = tempfile::tempdir().unwrap();
    charge_at_once(&App::on(&sqlite_in(&folder)).await).await;
}

#[tokio::test]
async fn of_many_requests_at_once_one_charges_on_postgres() {
    let database = crate::database_away::shared_database().await;
    charge_at_once(&App::on(&database).await).await;
}

async fn charge_at_once(app: &App) {
    let requests = (0..40).map(|_| app.post("/v1/payments", charge(ID, "5", "DKK")));
    let replies = futures_util::future::join_all(requests).await;
    let with_status = |status| {
        replies
            .iter()
            .filter(|reply| reply.status == status)
            .count()
    };
    assert_eq!((with_status(201), with_status(200)), (1, 39), "{replies:?}");
    assert!(
        replies
            .iter()
            .all(|reply| reply.json() == replies[0].json())
    );
    let listed = app.get("/v1/payments").await.json();
    assert_eq!(listed["items"], json!([replies[0].json()]));
}

#[tokio::test]
async fn of_many_different_requests_at_once_one_wins() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(&sqlite_in(&folder)).await;
    let requests =
        (1..=20).map(|amount| app.post("/v1/payments", charge(ID, &amount.to_string(), "EUR")));
    let replies = futures_util::future::join_all(requests).await;
    let (won, lost): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    assert_eq!(won.len(), 1, "{replies:?}");
    for reply in lost {
        assert_eq!(
            (reply.status, &reply.json()["payment"]),
            (409, &won[0].json())
        );
    }
}

#[tokio::test]
async fn an_id_that_was_never_charged_is_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(&sqlite_in(&folder)).await;
    let missing = app.get(&format!("/v1/payments/{ID}")).await;
    assert_eq!(missing.status, 404);
    assert_eq!(
        missing.json()["type"],
        Value::from("urn:invoice-platform:problem:not-found")
    );
}

#[tokio::test]
async fn payments_outlast_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::on(&sqlite_in(&folder)).await;
    let first = app.post("/v1/payments", charge(ID, "1.250", "KWD")).await;
    app.stop().await.unwrap();
    let app = App::on(&sqlite_in(&folder)).await;
    let read = app.get(&format!("/v1/payments/{ID}")).await;
    assert_eq!(read.json(), first.json());
}
