//! What is wrong, and what must be answered.

use crate::fresh;
use reqwest::Method;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// A wrong request.
pub(super) struct Case {
    /// What is wrong with it.
    pub(super) what: String,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Body,
    pub(super) statuses: &'static [u16],
    pub(super) says: Says,
}

/// What is sent.
pub(super) enum Body {
    Nothing,
    Json(String),
    Other(&'static str, String),
    /// 1 MiB of a JSON object.
    Huge,
}

/// What the answer must say.
pub(super) enum Says {
    /// A problem, whichever.
    Problem,
    /// A problem that names this field.
    Field(&'static str),
    /// These bytes: the drop-in routes have a contract of their own.
    Exactly(&'static str),
}

/// Amounts that no currency with two decimals takes.
const AMOUNTS: [(&str, &str); 10] = [
    ("a negative amount", r#""-12.15""#),
    ("an amount of nothing", r#""0.00""#),
    ("a too precise amount", r#""12.155""#),
    ("a huge amount", r#""99999999999999999999999999.00""#),
    ("an amount in words", r#""twelve""#),
    ("an empty amount", r#""""#),
    ("an amount with a comma", r#""12,15""#),
    ("an amount that is not a number", r#""NaN""#),
    ("an amount that is null", "null"),
    ("an amount that is a list", "[12]"),
];
const CURRENCIES: [(&str, &str); 7] = [
    ("an unknown currency", r#""ZZZ""#),
    ("no currency at all", r#""XXX""#),
    ("a metal as currency", r#""XAU""#),
    ("a too long currency", r#""EURO""#),
    ("an empty currency", r#""""#),
    ("a currency that is a number", "978"),
    ("a currency that is null", "null"),
];

impl Case {
    fn new(what: &str, method: Method, path: &str, statuses: &'static [u16], says: Says) -> Self {
        Self {
            what: what.to_owned(),
            method,
            path: path.to_owned(),
            body: Body::Nothing,
            statuses,
            says,
        }
    }

    fn with(mut self, body: Body) -> Self {
        self.body = body;
        self
    }
}

/// Wrong input for every route of invoice-app. `invoice` is one that is there.
pub(super) fn of_invoice_app(invoice: Uuid) -> Vec<Case> {
    let mut cases = creating("/v1/invoices", &Map::new());
    cases.extend(wrong_ids(&[
        (Method::GET, "/v1/invoices/", ""),
        (Method::GET, "/v1/invoices/", "/payments"),
        (Method::POST, "/v1/invoices/", "/pay"),
        (Method::POST, "/v1/invoices/", "/void"),
        (Method::GET, "/v1/payments/", ""),
    ]));
    cases.extend(wrong_pages("/v1/invoices"));
    cases.push(Case::new(
        "an unknown state",
        Method::GET,
        "/v1/invoices?state=lost",
        &[400],
        Says::Field("state"),
    ));
    cases.extend(wrong_methods(&[
        (Method::DELETE, "/invoices".to_owned()),
        (Method::GET, "/invoices/pay".to_owned()),
        (Method::PUT, "/v1/invoices".to_owned()),
        (Method::DELETE, format!("/v1/invoices/{invoice}")),
        (Method::GET, format!("/v1/invoices/{invoice}/pay")),
        (Method::GET, format!("/v1/invoices/{invoice}/void")),
        (Method::POST, format!("/v1/invoices/{invoice}/payments")),
        (Method::POST, format!("/v1/payments/{invoice}")),
    ]));
    cases.extend(nowhere());
    cases
}

/// Wrong input for every route of payment-provider.
pub(super) fn of_payment_provider() -> Vec<Case> {
    let id = json!(fresh::id());
    let mut cases = creating("/v1/payments", &Map::from_iter([("id".to_owned(), id)]));
    for (what, id) in [
        ("no id", None),
        ("an id that is no UUID", Some("\"I1\"")),
        ("an id that is null", Some("null")),
    ] {
        let id = id.map(|id| format!("\"id\":{id},")).unwrap_or_default();
        let body = format!(r#"{{{id}"amount":"12.15","currency":"EUR"}}"#);
        cases.push(
            Case::new(
                what,
                Method::POST,
                "/v1/payments",
                &[400, 422],
                Says::Field("id"),
            )
            .with(Body::Json(body)),
        );
    }
    cases.extend(wrong_ids(&[(Method::GET, "/v1/payments/", "")]));
    cases.extend(wrong_pages("/v1/payments"));
    cases.extend(wrong_methods(&[
        (Method::GET, "/payments/pay".to_owned()),
        (Method::DELETE, "/v1/payments".to_owned()),
        (Method::PUT, format!("/v1/payments/{}", fresh::id())),
    ]));
    cases.extend(drop_in());
    cases.extend(nowhere());
    cases
}

/// A route that takes an amount and a currency, besides what `others` holds.
fn creating(path: &str, others: &Map<String, Value>) -> Vec<Case> {
    let mut cases = Vec::new();
    let post = |what: &str, says, body| {
        Case::new(what, Method::POST, path, &[400, 422], says).with(Body::Json(body))
    };
    for (what, amount) in AMOUNTS {
        cases.push(post(
            what,
            Says::Field("amount"),
            object(others, Some(amount), Some(r#""EUR""#)),
        ));
    }
    for (what, currency) in CURRENCIES {
        cases.push(post(
            what,
            Says::Field("currency"),
            object(others, Some(r#""12.15""#), Some(currency)),
        ));
    }
    let of = |amount, currency| object(others, Some(amount), Some(currency));
    cases.push(post(
        "yen with decimals",
        Says::Field("amount"),
        of(r#""12.5""#, r#""JPY""#),
    ));
    cases.push(post(
        "dinars with four decimals",
        Says::Field("amount"),
        of(r#""1.2345""#, r#""KWD""#),
    ));
    cases.push(post(
        "no amount",
        Says::Field("amount"),
        object(others, None, Some(r#""EUR""#)),
    ));
    cases.push(post(
        "no currency",
        Says::Field("currency"),
        object(others, Some(r#""12.15""#), None),
    ));
    cases.push(post(
        "broken JSON",
        Says::Field("body"),
        String::from(r#"{"amount":"12.1"#),
    ));
    cases.push(post("a list", Says::Problem, String::from("[]")));
    cases.push(post("an empty body", Says::Field("body"), String::new()));
    let good = of(r#""12.15""#, r#""EUR""#);
    cases.push(
        Case::new(
            "another content type",
            Method::POST,
            path,
            &[415],
            Says::Problem,
        )
        .with(Body::Other("text/plain", good)),
    );
    cases.push(
        Case::new("a body of 1 MiB", Method::POST, path, &[413], Says::Problem).with(Body::Huge),
    );
    cases
}

fn object(others: &Map<String, Value>, amount: Option<&str>, currency: Option<&str>) -> String {
    let mut members: Vec<String> = others
        .iter()
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    members.extend(amount.map(|amount| format!("\"amount\":{amount}")));
    members.extend(currency.map(|currency| format!("\"currency\":{currency}")));
    format!("{{{}}}", members.join(","))
}

fn wrong_ids(routes: &[(Method, &str, &str)]) -> Vec<Case> {
    let absent = fresh::id();
    let mut cases = Vec::new();
    for (method, before, after) in routes {
        let at = |id: &str| format!("{before}{id}{after}");
        for id in ["I1", "-1", "%00"] {
            cases.push(Case::new(
                "an id that is no UUID",
                method.clone(),
                &at(id),
                &[400, 404],
                Says::Field("id"),
            ));
        }
        let absent = at(&absent.to_string());
        cases.push(Case::new(
            "an id that nothing has",
            method.clone(),
            &absent,
            &[404],
            Says::Problem,
        ));
    }
    cases
}

fn wrong_pages(path: &str) -> Vec<Case> {
    let query = |what, query, field| {
        Case::new(
            what,
            Method::GET,
            &format!("{path}?{query}"),
            &[400],
            Says::Field(field),
        )
    };
    vec![
        query("a page of nothing", "limit=0", "limit"),
        query("a negative page", "limit=-1", "limit"),
        query("a page too large", "limit=1000000", "limit"),
        query("a page in words", "limit=many", "limit"),
        query("a cursor that is none", "after=~", "after"),
    ]
}

fn wrong_methods(routes: &[(Method, String)]) -> Vec<Case> {
    let wrong = |(method, path): &(Method, String)| {
        Case::new(
            "another method",
            method.clone(),
            path,
            &[405],
            Says::Problem,
        )
    };
    routes.iter().map(wrong).collect()
}

fn nowhere() -> Vec<Case> {
    vec![
        Case::new(
            "a route that is none",
            Method::GET,
            "/v1/nothing",
            &[404],
            Says::Problem,
        ),
        Case::new(
            "a path of 30 kB",
            Method::GET,
            &format!("/{}", "a".repeat(30_000)),
            &[414, 404, 431],
            Says::Problem,
        ),
    ]
}

/// The drop-in route keeps the sentences of the system that it replaces.
fn drop_in() -> Vec<Case> {
    const EMPTY: &str = r#"{"error":"empty body request"}"#;
    const MALFORMED: &str = r#"{"error":"failed to process payment request parameters"}"#;
    const ID: &str = r#"{"error":"could not retrieve payment id"}"#;
    const VALUE: &str = r#"{"error":"could not retrieve payment value"}"#;
    const CURRENCY: &str = r#"{"error":"could not retrieve payment currency"}"#;
    let cases = [
        ("an empty body", "", EMPTY),
        ("broken JSON", r#"{"id":"#, MALFORMED),
        ("no id", r#"{"value":12.15,"currency":"EUR"}"#, ID),
        ("no value", r#"{"id":"acceptance","currency":"EUR"}"#, VALUE),
        (
            "a negative value",
            r#"{"id":"acceptance","value":-12.15,"currency":"EUR"}"#,
            VALUE,
        ),
        (
            "a too precise value",
            r#"{"id":"acceptance","value":12.155,"currency":"EUR"}"#,
            VALUE,
        ),
        (
            "a huge value",
            r#"{"id":"acceptance","value":1e300,"currency":"EUR"}"#,
            VALUE,
        ),
        (
            "no currency",
            r#"{"id":"acceptance","value":12.15}"#,
            CURRENCY,
        ),
        (
            "an unknown currency",
            r#"{"id":"acceptance","value":12.15,"currency":"ZZZ"}"#,
            CURRENCY,
        ),
    ];
    let post = |statuses, says| Case::new("", Method::POST, "/payments/pay", statuses, says);
    let mut tour: Vec<Case> = cases
        .into_iter()
        .map(|(what, body, says)| Case {
            what: what.to_owned(),
            ..post(&[400], Says::Exactly(says)).with(Body::Json(body.to_owned()))
        })
        .collect();
    tour.push(Case {
        what: "a body of 1 MiB".to_owned(),
        ..post(&[413], Says::Problem).with(Body::Huge)
    });
    tour
}

#[cfg(test)]
mod tests {
    use super::{Body, of_invoice_app, of_payment_provider};
    use serde_json::Value;
    use uuid::Uuid;

    #[test]
    fn only_the_amount_or_the_currency_is_wrong_in_an_object() {
        let case = of_payment_provider()
            .into_iter()
            .find(|case| case.what == "a negative amount")
            .unwrap();
        let Body::Json(text) = case.body else {
            panic!("not JSON")
        };
        let body: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(body["amount"], "-12.15");
        assert_eq!(body["currency"], "EUR");
        assert!(
            body["id"]
                .as_str()
                .is_some_and(|id| Uuid::parse_str(id).is_ok())
        );
    }

    #[test]
    fn no_case_accepts_an_answer_other_than_4xx() {
        let cases = of_invoice_app(Uuid::nil())
            .into_iter()
            .chain(of_payment_provider());
        for case in cases {
            assert!(
                case.statuses
                    .iter()
                    .all(|status| (400..500).contains(status)),
                "{}",
                case.what
            );
        }
    }
}
