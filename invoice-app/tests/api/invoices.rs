//! `/v1/invoices`.

use serde_json::json;

use crate::app::App;

#[tokio::test]
async fn what_is_made_is_read_at_its_location() {
    let app = App::start().await;
    let body = json!({"amount": "12.10", "currency": "EUR"});
    let response = app
        .http
        .post(format!("{}/v1/invoices", app.url))
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 201);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let made: serde_json::Value = response.json().await.unwrap();
    assert_eq!(
        (&made["number"], &made["amount"], &made["state"]),
        (&json!("I4"), &json!("12.10"), &json!("open"))
    );
    assert_eq!(app.get(&location).await, (200, made));
}

#[tokio::test]
async fn pages_lead_to_each_other_until_the_end() {
    let app = App::start().await;
    for _ in 0..4 {
        app.an_invoice().await;
    }
    let (mut numbers, mut query) = (Vec::new(), "/v1/invoices?limit=3".to_owned());
    loop {
        let (status, page) = app.get(&query).await;
        assert_eq!(status, 200);
        numbers.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|invoice| invoice["number"].clone()),
        );
        let Some(next) = page["next"].as_str() else {
            break;
        };
        query = format!("/v1/invoices?limit=3&after={next}");
    }
    assert_eq!(numbers, ["I1", "I2", "I3", "I4", "I5", "I6", "I7"]);
}

#[tokio::test]
async fn a_list_is_filtered_by_state() {
    let app = App::start().await;
    let invoice = app.an_invoice().await;
    assert_eq!(app.post(&format!("{invoice}/pay")).await.0, 200);
    let paid = app.get("/v1/invoices?state=paid").await.1;
    assert_eq!(paid["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        app.get("/v1/invoices?state=open").await.1["items"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert_eq!(
        app.get("/v1/invoices?state=void").await.1,
        json!({"items": [], "next": null})
    );
}

#[tokio::test]
async fn an_invoice_is_withdrawn_unless_it_is_paid() {
    let app = App::start().await;
    let (withdrawn, paid) = (app.an_invoice().await, app.an_invoice().await);
    assert_eq!(
        app.post(&format!("{withdrawn}/void")).await.1["state"],
        "void"
    );
    assert_eq!(app.post(&format!("{paid}/pay")).await.0, 200);
    for invoice in [withdrawn, paid] {
        let (status, problem) = app.post(&format!("{invoice}/void")).await;
        assert_eq!(
            (status, &problem["type"]),
            (
                409,
                &json!("urn:invoice-platform:problem:invoice-not-voidable")
            )
        );
    }
}
