//! The routes of the replaced system.

use jiff::Timestamp;
use serde_json::json;

use crate::app::{App, answer_with, charged};
use crate::stand_in::Answer;

const UNPAID: &str = r#"[{"InvoiceId":"I1","Value":12.15,"Currency":"EUR","IsPaid":false},{"InvoiceId":"I2","Value":10.25,"Currency":"GBP","IsPaid":false},{"InvoiceId":"I3","Value":66.13,"Currency":"DKK","IsPaid":false}]"#;

async fn text(app: &App, method: reqwest::Method, path: &str) -> (u16, String, String) {
    let response = app
        .http
        .request(method, format!("{}{path}", app.url))
        .send()
        .await
        .unwrap();
    let kind = response.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    (
        response.status().as_u16(),
        kind,
        response.text().await.unwrap(),
    )
}

#[tokio::test]
async fn the_bytes_are_those_of_the_replaced_system() {
    let app = App::start().await;
    let json = "application/json; charset=utf-8".to_owned();
    assert_eq!(
        text(&app, reqwest::Method::GET, "/invoices").await,
        (200, json.clone(), UNPAID.to_owned())
    );
    assert_eq!(
        text(&app, reqwest::Method::POST, "/invoices/pay").await,
        (200, json.clone(), "{}".to_owned())
    );
    let paid = UNPAID.replace("false", "true");
    assert_eq!(
        text(&app, reqwest::Method::GET, "/invoices").await,
        (200, json, paid)
    );
}

#[tokio::test]
async fn paying_again_charges_nothing() {
    let app = App::start().await;
    assert_eq!(app.post("/invoices/pay").await.0, 200);
    assert_eq!(app.charged_ids().len(), 3);
    assert_eq!(app.post("/invoices/pay").await, (200, json!({})));
    assert_eq!(app.charged_ids().len(), 3);
}

#[tokio::test]
async fn values_are_the_shortest_exact_decimals() {
    let app = App::start().await;
    for (amount, currency) in [
        ("10.50", "EUR"),
        ("12.00", "EUR"),
        ("100", "JPY"),
        ("0.001", "KWD"),
    ] {
        assert_eq!(
            app.post_json(
                "/v1/invoices",
                &json!({"amount": amount, "currency": currency})
            )
            .await
            .0,
            201
        );
    }
    let (_, _, text) = text(&app, reqwest::Method::GET, "/invoices").await;
    for value in [
        r#""Value":10.5,"#,
        r#""Value":12,"#,
        r#""Value":100,"#,
        r#""Value":0.001,"#,
    ] {
        assert!(text.contains(value), "{value} in {text}");
    }
}

#[tokio::test]
async fn withdrawn_invoices_are_left_out() {
    let app = App::start().await;
    let invoice = app.an_invoice().await;
    assert_eq!(app.post(&format!("{invoice}/void")).await.0, 200);
    assert_eq!(
        text(&app, reqwest::Method::GET, "/invoices").await.2,
        UNPAID
    );
}

#[tokio::test]
async fn a_list_of_many_pages_is_whole() {
    let app = App::start().await;
    for _ in 0..1100 {
        app.an_invoice().await;
    }
    let (_, list) = app.get("/invoices").await;
    let numbers: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|invoice| invoice["InvoiceId"].as_str().unwrap())
        .collect();
    let expected: Vec<_> = (1..=1103).map(|number| format!("I{number}")).collect();
    assert_eq!(numbers, expected);
}

#[tokio::test]
async fn a_provider_that_is_away_leaves_the_invoices_unpaid_and_says_so() {
    let app = App::start_without_provider().await;
    app.provider_answers(|_| Answer::new(503));
    let (status, problem) = app.post("/invoices/pay").await;
    assert_eq!(status, 502, "{problem}");
    assert_eq!(problem["unpaid"], json!(["I1", "I2", "I3"]));
    assert_eq!(problem["unpaid_count"], 3);
    assert_eq!(
        problem["type"],
        "urn:invoice-platform:problem:invoices-unpaid"
    );
    assert_eq!(
        text(&app, reqwest::Method::GET, "/invoices").await.2,
        UNPAID
    );
}

#[tokio::test]
async fn what_one_declines_does_not_keep_the_others_from_being_paid() {
    let app = App::start_patiently().await;
    app.provider_answers(|call| {
        let status = if call.body["currency"] == "GBP" {
            "declined"
        } else {
            "succeeded"
        };
        answer_with(call, &json!({"status": status, "reason": "no_pounds"}))
    });
    let (status, problem) = app.post("/invoices/pay").await;
    assert_eq!((status, &problem["unpaid"]), (502, &json!(["I2"])));
    assert_eq!(problem["reasons"], json!({"I2": "no_pounds"}));
    assert_eq!(
        app.charged_ids().len(),
        3,
        "a declined payment is not tried again by itself"
    );
}

#[tokio::test]
async fn invoices_that_cannot_be_paid_do_not_keep_the_others_waiting() {
    let app = App::start_without_provider_with(&[("PAY_ALL_DEADLINE", "5s")]).await;
    app.provider_answers(|call| {
        if call.body["amount"] == "5.00" {
            return Answer::new(409);
        }
        charged(call)
    });
    for _ in 0..20 {
        app.an_invoice().await;
    }
    let healthy = json!({"amount": "7.00", "currency": "EUR"});
    app.post_json("/v1/invoices", &healthy).await;
    let (status, problem) = app.post("/invoices/pay").await;
    assert_eq!((status, &problem["unpaid_count"]), (502, &json!(20)));
    assert_eq!(
        app.get("/v1/invoices?state=paid").await.1["items"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
    let sent = app.charged_ids().len();
    assert!(
        sent < 20 * 8,
        "{sent} charges were sent in five seconds, which is no backing off"
    );
}

#[tokio::test]
async fn many_who_pay_at_the_same_moment_charge_each_invoice_once() {
    let app = App::start().await;
    let answers = futures_util::future::join_all((0..8).map(|_| app.post("/invoices/pay"))).await;
    assert!(
        answers.iter().all(|answer| *answer == (200, json!({}))),
        "{answers:?}"
    );
    assert_eq!(app.charged_ids().len(), 3);
}

#[tokio::test]
async fn invoices_are_paid_at_the_same_moment_but_no_more_than_the_bound() {
    let app = App::start_patiently().await;
    for _ in 0..30 {
        app.an_invoice().await;
    }
    // The stand-in answers late, so that what runs at the same moment overlaps.
    app.provider_answers(|call| charged(call).after(std::time::Duration::from_millis(60)));
    assert_eq!(app.post("/invoices/pay").await.0, 200);
    let payments = all_payments(&app).await;
    assert_eq!(payments.len(), 33);
    let under_way = |at: &Timestamp| {
        payments
            .iter()
            .filter(|(from, to)| from <= at && at < to)
            .count()
    };
    let most = payments.iter().map(|(from, _)| under_way(from)).max();
    assert!(
        (Some(2)..=Some(8)).contains(&most),
        "{most:?} at the same moment"
    );
}

/// From when to when each payment was under way.
async fn all_payments(app: &App) -> Vec<(Timestamp, Timestamp)> {
    let page = app.get("/v1/invoices?limit=200").await.1;
    let mut payments = Vec::new();
    for invoice in page["items"].as_array().unwrap() {
        let path = format!("/v1/invoices/{}/payments", invoice["id"].as_str().unwrap());
        let attempts = app.get(&path).await.1["items"].clone();
        payments.extend(attempts.as_array().unwrap().iter().map(|payment| {
            let time = |name: &str| payment[name].as_str().unwrap().parse().unwrap();
            (time("created_at"), time("updated_at"))
        }));
    }
    payments
}
