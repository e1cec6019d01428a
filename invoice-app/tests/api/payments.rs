//! Paying an invoice, and what every kind of answer of payment-provider comes to.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{App, answer_with, at_first, charged, eventually};
use crate::stand_in::Answer;

#[tokio::test]
async fn a_payment_that_succeeds_pays_the_invoice() {
    let app = App::start().await;
    let invoice = app.an_invoice().await;
    let (status, payment) = app.post(&format!("{invoice}/pay")).await;
    assert_eq!(
        (status, &payment["state"], &payment["tries"]),
        (200, &json!("succeeded"), &json!(1))
    );
    assert_eq!(app.state_of(&invoice).await, "paid");
    assert_eq!(
        app.get(&format!("/v1/payments/{}", payment["id"].as_str().unwrap()))
            .await,
        (200, payment.clone())
    );
    assert_eq!(
        app.get(&format!("{invoice}/payments")).await.1,
        json!({"items": [payment]})
    );
}

#[tokio::test]
async fn payment_provider_is_sent_what_its_contract_says() {
    let app = App::start().await;
    app.post(&format!("{}/pay", app.an_invoice().await)).await;
    let requests = app.provider.calls();
    let sent = &requests[0].body;
    assert_eq!(
        (&sent["amount"], &sent["currency"]),
        (&json!("5.00"), &json!("EUR"))
    );
    assert!(sent["id"].as_str().unwrap().parse::<Uuid>().is_ok());
    let contract: Value =
        serde_json::from_str(include_str!("../../../payment-provider/openapi.json")).unwrap();
    let schema = &contract["components"]["schemas"]["CreatePayment"];
    let named: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(sent.as_object().unwrap().keys().collect::<Vec<_>>(), named);
    assert_eq!(requests[0].headers["content-type"], "application/json");
}

#[tokio::test]
async fn an_invoice_that_is_not_open_is_not_paid() {
    let app = App::start().await;
    let invoice = app.an_invoice().await;
    assert_eq!(app.post(&format!("{invoice}/pay")).await.0, 200);
    let (status, problem) = app.post(&format!("{invoice}/pay")).await;
    assert_eq!(
        (status, &problem["detail"]),
        (409, &json!("The invoice is paid."))
    );
    assert_eq!(app.charged_ids().len(), 1);
}

#[tokio::test]
async fn a_declined_payment_leaves_the_invoice_open_for_another() {
    let app = App::start_patiently().await;
    app.provider_answers(|call| {
        answer_with(
            call,
            &json!({"status": "declined", "reason": "amount_above_limit"}),
        )
    });
    let invoice = app.an_invoice().await;
    let (status, payment) = app.post(&format!("{invoice}/pay")).await;
    assert_eq!(
        (status, &payment["state"], &payment["reason"]),
        (200, &json!("declined"), &json!("amount_above_limit"))
    );
    assert_eq!(app.state_of(&invoice).await, "open");
    app.provider_charges();
    let second = app.post(&format!("{invoice}/pay")).await.1;
    assert_eq!(second["state"], "succeeded");
    assert_ne!(second["id"], payment["id"]);
}

/// Everything but an answer about this attempt leaves the outcome unknown, and the same id is sent
/// again until there is one.
async fn ends_well_under_the_same_id(first: Answer) {
    let app = App::start_without_provider().await;
    app.provider_answers(at_first(4, first));
    let invoice = app.an_invoice().await;
    let response = app
        .http
        .post(format!("{}{invoice}/pay", app.url))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 202);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let payment: Value = response.json().await.unwrap();
    assert!(
        payment["reason"]
            .as_str()
            .unwrap()
            .starts_with("payment-provider"),
        "{payment}"
    );
    eventually("succeeded", async || {
        app.get(&location).await.1["state"] == "succeeded"
    })
    .await;
    assert_eq!(app.state_of(&invoice).await, "paid");
    let ids = app.charged_ids();
    // More, where an answer took longer than the wait for it.
    assert!(ids.len() >= 5, "{ids:?}");
    assert!(
        ids.iter().all(|id| *id == payment["id"].as_str().unwrap()),
        "{ids:?}"
    );
}

#[tokio::test]
async fn an_answer_of_5xx_tells_nothing() {
    ends_well_under_the_same_id(Answer::new(500)).await;
}

#[tokio::test]
async fn an_answer_of_4xx_tells_nothing() {
    ends_well_under_the_same_id(Answer::new(404)).await;
}

#[tokio::test]
async fn a_conflict_tells_nothing() {
    ends_well_under_the_same_id(Answer::new(409).json(&json!({"payment": {}}))).await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    ends_well_under_the_same_id(Answer::new(307).header("location", "http://127.0.0.1:9/")).await;
}

#[tokio::test]
async fn an_answer_that_is_no_json_tells_nothing() {
    ends_well_under_the_same_id(Answer::new(200).body("<html>ok</html>")).await;
}

#[tokio::test]
async fn an_answer_about_another_payment_tells_nothing() {
    let other =
        json!({"id": Uuid::nil(), "amount": "5.00", "currency": "EUR", "status": "succeeded"});
    ends_well_under_the_same_id(Answer::new(200).json(&other)).await;
}

#[tokio::test]
async fn an_endless_answer_is_given_up() {
    ends_well_under_the_same_id(Answer::new(200).body(vec![b'x'; 1_000_000])).await;
}

#[tokio::test]
async fn silence_tells_nothing() {
    ends_well_under_the_same_id(Answer::new(200).after(Duration::from_secs(2))).await;
}

#[tokio::test]
async fn an_invoice_whose_payment_is_under_way_gets_no_second_one() {
    let app = App::start_without_provider().await;
    app.provider_answers(|_| Answer::new(500));
    let invoice = app.an_invoice().await;
    let (status, first) = app.post(&format!("{invoice}/pay")).await;
    assert_eq!((status, &first["state"]), (202, &json!("unknown")));
    let (status, second) = app.post(&format!("{invoice}/pay")).await;
    assert_eq!((status, &second["id"]), (202, &first["id"]));
    assert_eq!(app.post(&format!("{invoice}/void")).await.0, 409);
    assert_eq!(
        app.get(&format!("{invoice}/payments")).await.1["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_cut_the_payment_off() {
    let app = App::start_patiently().await;
    app.provider_answers(|call| charged(call).after(Duration::from_secs(2)));
    let invoice = app.an_invoice().await;
    let client = tokio::spawn(app.http.post(format!("{}{invoice}/pay", app.url)).send());
    eventually("sent", async || app.charged_ids().len() == 1).await;
    client.abort();
    assert!(client.await.unwrap_err().is_cancelled());
    eventually("paid", async || app.state_of(&invoice).await == "paid").await;
    assert_eq!(app.charged_ids().len(), 1);
}
