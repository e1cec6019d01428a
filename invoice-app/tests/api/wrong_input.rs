//! Whatever comes in, the answer is a problem that says which field is wrong.

use serde_json::{Value, json};

use crate::app::App;

const ID: &str = "01a1fe10-cca8-766a-9200-95e29c0d1c06";

fn named(problem: &Value) -> String {
    problem["errors"][0]["field"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

async fn send(
    app: &App,
    method: &str,
    path: &str,
    kind: &str,
    body: impl Into<reqwest::Body>,
) -> (u16, Value) {
    let method = method.parse().unwrap();
    let request = app
        .http
        .request(method, format!("{}{path}", app.url))
        .header("content-type", kind)
        .body(body);
    let response = request.send().await.unwrap();
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json",
        "{path}"
    );
    let status = response.status().as_u16();
    let problem: Value = response.json().await.unwrap();
    assert_eq!(
        (
            problem["status"].as_u64(),
            problem["type"].as_str().map(str::is_empty)
        ),
        (Some(u64::from(status)), Some(false))
    );
    assert!(
        problem["detail"].is_string() && problem["title"].is_string(),
        "{problem}"
    );
    (status, problem)
}

#[tokio::test]
async fn a_wrong_invoice_names_its_field() {
    let app = App::start().await;
    for (body, field) in [
        (json!({}), "amount"),
        (json!({"amount": "5.00"}), "currency"),
        (json!({"amount": 5, "currency": "EUR"}), "amount"),
        (json!({"amount": null, "currency": "EUR"}), "amount"),
        (json!({"amount": "", "currency": "EUR"}), "amount"),
        (json!({"amount": "five", "currency": "EUR"}), "amount"),
        (json!({"amount": "-5.00", "currency": "EUR"}), "amount"),
        (json!({"amount": "0", "currency": "EUR"}), "amount"),
        (json!({"amount": "5.001", "currency": "EUR"}), "amount"),
        (json!({"amount": "1.5", "currency": "JPY"}), "amount"),
        (
            json!({"amount": "99999999999999999999", "currency": "EUR"}),
            "amount",
        ),
        (json!({"amount": "5\u{0}", "currency": "EUR"}), "amount"),
        (json!({"amount": "5.00", "currency": "EURO"}), "currency"),
        (json!({"amount": "5.00", "currency": "XAU"}), "currency"),
        (json!({"amount": "5.00", "currency": "eur"}), "currency"),
        (
            json!({"amount": "5.00", "currency": "EUR", "state": "paid"}),
            "state",
        ),
        (json!(["5.00", "EUR"]), "body"),
        (json!("5.00 EUR"), "body"),
        (json!(null), "body"),
    ] {
        let (status, problem) = send(
            &app,
            "POST",
            "/v1/invoices",
            "application/json",
            body.to_string(),
        )
        .await;
        assert_eq!(
            (status, named(&problem).as_str()),
            (400, field),
            "{body}: {problem}"
        );
    }
    assert_eq!(
        app.get("/v1/invoices").await.1["items"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let app = App::start().await;
    let deep = "[".repeat(50_000);
    for body in [
        b"".as_slice(),
        b"{",
        b"{\"amount\":",
        b"\xff\xfe",
        b"{}{}",
        b"\0",
        deep.as_bytes(),
    ] {
        let (status, problem) = send(
            &app,
            "POST",
            "/v1/invoices",
            "application/json",
            body.to_vec(),
        )
        .await;
        assert_eq!(
            (status, named(&problem).is_empty()),
            (400, false),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_or_of_another_kind_is_refused() {
    let app = App::start().await;
    let huge = format!(r#"{{"amount":"{}","currency":"EUR"}}"#, "1".repeat(1 << 20));
    assert_eq!(
        send(&app, "POST", "/v1/invoices", "application/json", huge)
            .await
            .0,
        413
    );
    let fine = r#"{"amount":"5.00","currency":"EUR"}"#;
    for kind in [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
    ] {
        assert_eq!(
            send(&app, "POST", "/v1/invoices", kind, fine).await.0,
            415,
            "{kind}"
        );
    }
}

#[tokio::test]
async fn a_wrong_query_names_its_parameter() {
    let app = App::start().await;
    for (query, field, accepted) in [
        ("limit=0", "limit", "must be 1 to 200"),
        ("limit=201", "limit", "must be 1 to 200"),
        ("limit=-1", "limit", "must be a whole number"),
        ("limit=many", "limit", "must be a whole number"),
        (
            "limit=99999999999999999999",
            "limit",
            "is too large a number",
        ),
        ("after=I1", "after", "must be a UUID, such as "),
        ("state=lost", "state", "must be one of `draft`, `open`"),
        ("stat=open", "stat", "known are `state`, `limit`, `after`"),
    ] {
        let (status, problem) = send(
            &app,
            "GET",
            &format!("/v1/invoices?{query}"),
            "text/plain",
            "",
        )
        .await;
        assert_eq!(
            (status, named(&problem).as_str()),
            (400, field),
            "{query}: {problem}"
        );
        let said = problem["errors"][0]["detail"].as_str().unwrap();
        assert!(said.contains(accepted), "{query}: {said}");
    }
}

#[tokio::test]
async fn a_wrong_id_is_named_and_an_unknown_one_not_found() {
    let app = App::start().await;
    for (method, path) in [
        ("GET", "/v1/invoices/{}"),
        ("GET", "/v1/invoices/{}/payments"),
        ("POST", "/v1/invoices/{}/pay"),
        ("POST", "/v1/invoices/{}/void"),
        ("GET", "/v1/payments/{}"),
    ] {
        for wrong in [
            "I1",
            "..%2f..%2fetc",
            "%00",
            "1234",
            "x".repeat(300).as_str(),
        ] {
            let (status, problem) =
                send(&app, method, &path.replace("{}", wrong), "text/plain", "").await;
            assert_eq!(
                (status, named(&problem).as_str()),
                (400, "id"),
                "{method} {path} {wrong}: {problem}"
            );
            assert_eq!(
                problem["detail"],
                format!("id must be a UUID, such as {ID}")
            );
        }
        assert_eq!(
            send(&app, method, &path.replace("{}", ID), "text/plain", "")
                .await
                .0,
            404,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let app = App::start().await;
    for (method, path, allow) in [
        ("DELETE", "/invoices", "GET, HEAD"),
        ("GET", "/invoices/pay", "POST"),
        ("PUT", "/v1/invoices", "GET, HEAD, POST"),
        ("PATCH", &format!("/v1/invoices/{ID}"), "GET, HEAD"),
        ("GET", &format!("/v1/invoices/{ID}/pay"), "POST"),
        ("BREW", &format!("/v1/payments/{ID}"), "GET, HEAD"),
    ] {
        let request = app
            .http
            .request(method.parse().unwrap(), format!("{}{path}", app.url));
        let response = request.send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["allow"]),
            (405, &allow.parse().unwrap()),
            "{path}"
        );
    }
    assert_eq!(send(&app, "GET", "/nowhere", "text/plain", "").await.0, 404);
}
