//! Reading bodies, queries and paths, so that a mistake is answered with the field it is in.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use super::wrong_field::wrong_field;
use crate::problem::{
    BODY_TOO_SLOW, CONTENT_TOO_LARGE, INVALID_REQUEST, Problem, UNSUPPORTED_MEDIA_TYPE,
};

/// How long a client may take to send a body.
const BODY_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);
const DEFAULT_MAX_BODY_BYTES: usize = 64 * 1024;

/// How large a body may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The largest body, in bytes.
    pub body_bytes: usize,
}

/// A JSON body of type `T`. Anything else is a problem that names the field.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// The query of the address as `T`.
#[derive(Debug)]
pub struct Query<T>(pub T);

/// The parameters of the path as `T`.
#[derive(Debug)]
pub struct Path<T>(pub T);

type Extraction<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limit = body_limit(request);
        let checked = check_head(request, limit);
        let payload = payload.take();
        Box::pin(async move {
            checked?;
            parse_json(&read(payload, limit).await?).map(Self)
        })
    }
}

/// A body as it came, for routes with a contract of their own.
impl Json<web::Bytes> {
    /// Reads the body within the limits, whatever it is.
    ///
    /// # Errors
    /// A problem when it is too large or breaks off.
    pub async fn raw(request: &HttpRequest, payload: web::Payload) -> Result<web::Bytes, Problem> {
        let limit = body_limit(request);
        check_length(request, limit)?;
        read(payload.into_inner(), limit).await
    }
}

fn body_limit(request: &HttpRequest) -> usize {
    request
        .app_data::<web::Data<Limits>>()
        .map_or(DEFAULT_MAX_BODY_BYTES, |limits| limits.body_bytes)
}

fn check_head(request: &HttpRequest, limit: usize) -> Result<(), Problem> {
    check_length(request, limit)?;
    let json = |kind: &str| kind.eq_ignore_ascii_case("application/json");
    if json(request.content_type().trim()) {
        return Ok(());
    }
    Err(Problem::new(
        UNSUPPORTED_MEDIA_TYPE,
        "Send JSON, with the header Content-Type: application/json.",
    ))
}

fn check_length(request: &HttpRequest, limit: usize) -> Result<(), Problem> {
    let length = request.headers().get(header::CONTENT_LENGTH);
    match length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok()) {
        Some(length) if length > limit => Err(too_large(limit)),
        _ => Ok(()),
    }
}

async fn read(payload: Payload, limit: usize) -> Result<web::Bytes, Problem> {
    match tokio::time::timeout(BODY_TIMEOUT, read_to_end(payload, limit)).await {
        Ok(body) => body,
        Err(_) => Err(Problem::new(
            BODY_TOO_SLOW,
            format!("The body was not complete within {BODY_TIMEOUT:?}."),
        )),
    }
}

async fn read_to_end(mut payload: Payload, limit: usize) -> Result<web::Bytes, Problem> {
    let mut body = web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| {
            Problem::new(INVALID_REQUEST, "The body broke off or cannot be decoded.")
        })?;
        if body.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn too_large(limit: usize) -> Problem {
    Problem::new(CONTENT_TOO_LARGE, format!("A body may have {limit} bytes."))
}

fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    if body.is_empty() {
        return Err(Problem::field("body", "is empty; it must be a JSON object"));
    }
    // serde would fill a struct from an array too, by the order of its fields.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Problem::field("body", "is not a JSON object"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let inner = error.inner();
        if inner.is_data() {
            return wrong_field(error.path().to_string(), &inner.to_string());
        }
        Problem::field("body", format!("is not JSON: {inner}"))
    })?;
    deserializer
        .end()
        .map_err(|error| Problem::field("body", format!("is not one JSON value: {error}")))?;
    Ok(value)
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(
            request.query_string().as_bytes(),
        ));
        let query = serde_path_to_error::deserialize(pairs)
            .map(Self)
            .map_err(|error| wrong_field(error.path().to_string(), &error.inner().to_string()));
        std::future::ready(query)
    }
}

impl<T: DeserializeOwned> FromRequest for Path<T> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let names: Vec<_> = request
            .match_info()
            .iter()
            .map(|(name, _)| name.to_owned())
            .collect();
        let path = web::Path::<T>::from_request(request, payload)
            .into_inner()
            .map(|path| Self(path.into_inner()))
            .map_err(|error| wrong_field(names.join(", "), &error.to_string()));
        std::future::ready(path)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)] // What is read is not looked at: these tests are about what cannot be read.
    struct Order {
        amount: String,
        items: Option<Vec<Item>>,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)] // As above.
    struct Item {
        count: u8,
    }

    fn field_of(body: &str) -> String {
        let problem = parse_json::<Order>(body.as_bytes())
            .unwrap_err()
            .to_string();
        problem
            .strip_prefix("The request is not valid: ")
            .unwrap()
            .to_owned()
    }

    #[test]
    fn a_mistake_in_a_body_names_its_field() {
        assert_eq!(field_of("{}"), "amount is missing");
        assert_eq!(field_of(r#"{"amount": 5}"#), "amount must be a string");
        assert!(field_of(r#"{"amount": "5", "ammount": "5"}"#).starts_with("ammount is not known"));
        assert!(
            field_of(r#"{"amount": "5", "items": [{"count": 1}, {"count": 256}]}"#)
                .starts_with("items[1].count is wrong")
        );
        assert_eq!(
            field_of(r#"{"amount": "5", "items": [{}]}"#),
            "items[0].count is missing"
        );
    }

    #[test]
    fn a_field_that_is_given_twice_is_named() {
        assert_eq!(
            field_of(r#"{"amount": "5", "amount": "6"}"#),
            "amount is given more than once"
        );
    }

    #[test]
    fn an_array_is_not_taken_for_an_object() {
        assert_eq!(field_of(r#" ["5", null]"#), "body is not a JSON object");
    }

    #[test]
    fn what_is_no_json_is_a_mistake_in_the_body() {
        for body in [
            "",
            "{",
            "nonsense",
            "{} {}",
            "[]",
            "\u{0}",
            &"[".repeat(100_000),
        ] {
            assert!(parse_json::<Order>(body.as_bytes()).is_err(), "{body:.20}");
        }
        assert!(field_of("{").starts_with("body is not JSON"));
    }
}
