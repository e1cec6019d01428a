//! PostgreSQL goes away and comes back.

use serde_json::json;
use test_postgres::Postgres;
use tokio::task::spawn_blocking;

use crate::app::{App, Reply, eventually};

/// A new database on the server that all tests share.
pub async fn shared_database() -> String {
    spawn_blocking(|| Postgres::shared().new_database())
        .await
        .unwrap()
}

async fn charge(app: &App, last_digit: u8) -> Reply {
    let id = format!("0198c0de-0000-7000-8000-00000000000{last_digit}");
    let body = json!({"id": id, "amount": "1", "currency": "EUR"}).to_string();
    app.post("/v1/payments", body).await
}

async fn own_server() -> (Postgres, String) {
    spawn_blocking(|| {
        let server = Postgres::start().unwrap();
        let database = server.new_database();
        (server, database)
    })
    .await
    .unwrap()
}

async fn stopped(mut server: Postgres) -> Postgres {
    spawn_blocking(move || {
        server.stop().unwrap();
        server
    })
    .await
    .unwrap()
}

async fn started_again(mut server: Postgres) -> Postgres {
    spawn_blocking(move || {
        server.start_again().unwrap();
        server
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn while_it_is_away_requests_get_503_and_afterwards_all_is_well_by_itself() {
    let (server, database) = own_server().await;
    let app = App::on(&database).await;
    let first = charge(&app, 1).await;
    assert_eq!(first.status, 201);

    let server = stopped(server).await;
    eventually("it is not ready", || async {
        app.readiness().await == Some(503)
    })
    .await;
    let away = charge(&app, 2).await;
    assert_eq!(away.status, 503, "{away:?}");
    assert_eq!(away.content_type, "application/problem+json");
    let problem = away.json();
    assert_eq!(problem["type"], "urn:invoice-platform:problem:unavailable");
    assert_eq!(problem["trace_id"].as_str().unwrap().len(), 32);
    for word in ["127.0.0.1", "sqlx", "postgres", "refused", "pool"] {
        assert!(!away.text.contains(word), "{}", away.text);
    }

    let _server = started_again(server).await;
    app.await_ready().await;
    assert_eq!(charge(&app, 2).await.status, 201);
    assert_eq!(charge(&app, 1).await.json(), first.json());
    app.stop().await.unwrap();
}

#[tokio::test]
async fn a_start_before_the_database_waits_for_it() {
    let (server, database) = own_server().await;
    let server = stopped(server).await;
    let app = App::start(&database, "100000000");
    eventually("it answers what it waits for", || async {
        let words = app.readiness_in_words().await.unwrap_or_default();
        words.starts_with("not ready: starting, database: 127.0.0.1:")
            && words.contains("Connection refused")
    })
    .await;
    let _server = started_again(server).await;
    app.await_ready().await;
    assert_eq!(charge(&app, 1).await.status, 201);
}

#[tokio::test]
async fn a_stop_while_it_waits_for_the_database_is_heeded() {
    let (server, database) = own_server().await;
    let _server = stopped(server).await;
    let app = App::start(&database, "100000000");
    eventually("it answers that it is not ready", || async {
        app.readiness().await == Some(503)
    })
    .await;
    app.stop().await.unwrap();
}
