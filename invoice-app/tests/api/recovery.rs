//! What a crash leaves behind is taken up.

use std::time::Duration;

use chassis::clock::{Clock, SystemClock};
use invoice_app::payment::PaymentStore;
use invoice_app::store::SqlStore;
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use uuid::Uuid;

use crate::app::{App, eventually};
use crate::stand_in::Answer;

const GONE: Duration = Duration::ZERO; // The lease of a replica that is gone.

/// The store of a service that is not running.
async fn store_of(folder: &tempfile::TempDir) -> SqlStore<sqlx::Sqlite> {
    let options = SqliteConnectOptions::new().filename(folder.path().join("invoices.db"));
    SqlStore(
        SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await
            .unwrap(),
    )
}

fn id_of(invoice: &str) -> Uuid {
    invoice.rsplit('/').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_attempt_that_was_prepared_and_never_sent_is_sent() {
    let app = App::start().await;
    let invoice = app.an_invoice().await;
    let (folder, provider) = app.stop().await;
    let store = store_of(&folder).await;
    let left = store
        .prepare(
            SystemClock.new_id(),
            id_of(&invoice),
            SystemClock.now(),
            GONE,
        )
        .await
        .unwrap();
    store.0.close().await;
    let app = App::start_in(folder, provider).await;
    eventually("paid", async || app.state_of(&invoice).await == "paid").await;
    assert_eq!(app.charged_ids(), [left.id.to_string()]);
}

#[tokio::test]
async fn an_attempt_that_was_dispatched_is_sent_again_under_its_id() {
    let app = App::start().await;
    let invoice = app.an_invoice().await;
    let (folder, provider) = app.stop().await;
    let store = store_of(&folder).await;
    let prepared = store
        .prepare(
            SystemClock.new_id(),
            id_of(&invoice),
            SystemClock.now(),
            GONE,
        )
        .await
        .unwrap();
    let left = prepared.taken_up(SystemClock.now(), GONE).unwrap();
    assert!(store.save(&prepared, &left).await.unwrap());
    store.0.close().await;
    let app = App::start_in(folder, provider).await;
    eventually("paid", async || app.state_of(&invoice).await == "paid").await;
    assert_eq!(app.charged_ids(), [left.id.to_string()]);
    let payments = app.get(&format!("{invoice}/payments")).await.1;
    assert_eq!(
        (
            &payments["items"][0]["state"],
            &payments["items"][0]["tries"]
        ),
        (&json!("succeeded"), &json!(2))
    );
}

#[tokio::test]
async fn an_unknown_outcome_outlives_a_restart() {
    let app = App::start_without_provider().await;
    app.provider_answers(|_| Answer::new(502));
    let invoice = app.an_invoice().await;
    let (status, payment) = app.post(&format!("{invoice}/pay")).await;
    assert_eq!(status, 202);
    let (folder, provider) = app.stop().await;
    let app = App::start_in(folder, provider).await;
    app.provider_charges();
    eventually("paid", async || app.state_of(&invoice).await == "paid").await;
    let ids = app.charged_ids();
    assert!(
        ids.iter().all(|id| *id == payment["id"].as_str().unwrap()),
        "{ids:?}"
    );
}

#[tokio::test]
async fn pay_all_does_not_wait_for_the_rest_after_an_unknown_outcome() {
    let app = App::start_without_provider_with(&[("PAY_ALL_DEADLINE", "5s")]).await;
    app.provider_answers(|_| Answer::new(502));
    assert_eq!(app.post("/invoices/pay").await.0, 502);
    app.provider_charges();
    assert_eq!(app.post("/invoices/pay").await, (200, json!({})));
    assert_eq!(
        app.get("/v1/invoices?state=paid").await.1["items"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test]
async fn the_age_of_the_oldest_unknown_payment_is_measured() {
    let app = App::start_without_provider().await;
    app.provider_answers(|_| Answer::new(502));
    app.post(&format!("{}/pay", app.an_invoice().await)).await;
    let age = async || {
        let metrics = app
            .http
            .get(format!("{}/metrics", app.management))
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let line = metrics
            .lines()
            .find(|line| line.starts_with("invoice_payment_oldest_live_seconds "));
        line.unwrap()
            .rsplit(' ')
            .next()
            .unwrap()
            .parse::<i64>()
            .unwrap()
    };
    eventually("older than a second", async || age().await > 1).await;
    app.provider_charges();
    eventually("none left", async || age().await == 0).await;
}
