//! payment-provider over HTTP: `POST /v1/payments`, by its `openapi.json`.

use async_trait::async_trait;
use chassis::outbound::{Client, tls_failure};
use chassis::telemetry::current_trace_headers;
use money::{Currency, Money};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::provider::{Outcome, Provider, UnknownWhy};

/// More than any answer of payment-provider has.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// The most that is kept of a reason, in characters.
const MAX_REASON_CHARS: usize = 200;

/// `PAYMENT_PROVIDER_URL` cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "PAYMENT_PROVIDER_URL is wrong: it must be an http:// or https:// address without a user, a query or a fragment, such as http://payment-provider.payments"
)]
pub struct ProviderUrlError;

/// payment-provider at an address.
#[derive(Debug, Clone)]
pub struct HttpProvider {
    client: Client,
    payments: Url,
}

#[derive(Serialize)]
struct Request<'a> {
    id: Uuid,
    amount: String,
    currency: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    id: Uuid,
    amount: String,
    currency: Currency,
    status: AnswerStatus,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum AnswerStatus {
    Succeeded,
    Declined,
}

impl HttpProvider {
    /// payment-provider at `url`, asked by `client`.
    #[must_use]
    pub fn new(url: &Url, client: Client) -> Self {
        let mut payments = url.clone();
        payments.set_path(&format!("{}/v1/payments", url.path().trim_end_matches('/')));
        Self { client, payments }
    }

    /// Reads the address.
    ///
    /// # Errors
    /// [`ProviderUrlError`] when it is none.
    pub fn parse_url(url: &str) -> Result<Url, ProviderUrlError> {
        let url: Url = url.parse().map_err(|_| ProviderUrlError)?;
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !matches!(url.scheme(), "http" | "https") || !plain {
            return Err(ProviderUrlError);
        }
        Ok(url)
    }

    async fn ask(&self, id: Uuid, amount: Money) -> Result<Vec<u8>, UnknownWhy> {
        let request = Request {
            id,
            amount: amount.to_decimal(),
            currency: amount.currency().code(),
        };
        let call = self
            .client
            .current()
            .post(self.payments.clone())
            .headers(current_trace_headers())
            .json(&request);
        let mut answer = call.send().await.map_err(|error| unknown(&error))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(UnknownWhy::Status(status.as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| unknown(&error))? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(UnknownWhy::Unreadable);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

fn unknown(error: &reqwest::Error) -> UnknownWhy {
    // First, since a client learns in the midst of its request that its certificate is refused.
    if let Some(failure) = tls_failure(error) {
        tracing::warn!(error = %failure, "payment-provider and this service do not accept each other's TLS");
        return UnknownWhy::NotTrusted;
    }
    if error.is_connect() {
        return UnknownWhy::Unreachable;
    }
    if error.is_timeout() {
        return UnknownWhy::TimedOut;
    }
    UnknownWhy::NoAnswer
}

/// An outcome is known only from an answer that names this attempt, this amount and this currency.
fn read(body: &[u8], id: Uuid, amount: Money) -> Result<Outcome, UnknownWhy> {
    let answer: Answer = serde_json::from_slice(body).map_err(|_| UnknownWhy::Unreadable)?;
    let charged =
        Money::parse(&answer.amount, answer.currency).map_err(|_| UnknownWhy::Unreadable)?;
    if answer.id != id || charged != amount {
        return Err(UnknownWhy::Contradiction);
    }
    Ok(match answer.status {
        AnswerStatus::Succeeded => Outcome::Succeeded,
        AnswerStatus::Declined => Outcome::Declined {
            reason: answer.reason.as_deref().map(printable),
        },
    })
}

/// What can be stored and shown of a text from outside: some of it, and no control characters.
fn printable(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control())
        .take(MAX_REASON_CHARS)
        .collect()
}

#[async_trait]
impl Provider for HttpProvider {
    #[tracing::instrument(name = "charge", skip_all, fields(otel.kind = "client", payment.id = %id))]
    async fn charge(&self, id: Uuid, amount: Money) -> Outcome {
        let outcome = self
            .ask(id, amount)
            .await
            .and_then(|body| read(&body, id, amount));
        outcome.unwrap_or_else(|why| Outcome::Unknown { why })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Uuid = Uuid::from_u128(7);

    fn read_text(body: &str) -> Result<Outcome, UnknownWhy> {
        read(
            body.as_bytes(),
            ID,
            Money::from_minor(1215, "EUR".parse().unwrap()),
        )
    }

    fn answer(id: Uuid, amount: &str, currency: &str, status: &str) -> String {
        format!(
            r#"{{"id":"{id}","amount":"{amount}","currency":"{currency}","status":"{status}","reason":null,"more":1}}"#
        )
    }

    #[test]
    fn an_answer_about_this_attempt_tells_the_outcome() {
        assert_eq!(
            read_text(&answer(ID, "12.15", "EUR", "succeeded")),
            Ok(Outcome::Succeeded)
        );
        assert_eq!(
            read_text(&answer(ID, "12.15", "EUR", "declined")),
            Ok(Outcome::Declined { reason: None })
        );
    }

    #[test]
    fn an_answer_about_something_else_tells_nothing() {
        for other in [
            answer(Uuid::from_u128(8), "12.15", "EUR", "succeeded"),
            answer(ID, "12.16", "EUR", "succeeded"),
            answer(ID, "12.15", "GBP", "succeeded"),
        ] {
            assert_eq!(read_text(&other), Err(UnknownWhy::Contradiction), "{other}");
        }
    }

    #[test]
    fn an_answer_that_cannot_be_read_tells_nothing() {
        let half = &answer(ID, "12.15", "EUR", "succeeded")[..60];
        for body in [
            "",
            "{}",
            "null",
            "ok",
            half,
            &answer(ID, "12.15", "EUR", "perhaps"),
            &answer(ID, "12,15", "EUR", "succeeded"),
        ] {
            assert_eq!(read_text(body), Err(UnknownWhy::Unreadable), "{body}");
        }
    }

    #[test]
    fn a_reason_is_kept_as_far_as_it_can_be_shown() {
        let long = "x".repeat(60_000);
        let body = serde_json::json!({
            "id": ID, "amount": "12.15", "currency": "EUR", "status": "declined",
            "reason": format!("a\u{0}b\n{long}"),
        });
        let Ok(Outcome::Declined {
            reason: Some(reason),
        }) = read_text(&body.to_string())
        else {
            panic!("not declined");
        };
        assert_eq!(reason, format!("ab{}", &long[..198]));
    }

    #[test]
    fn only_http_addresses_are_taken() {
        for wrong in [
            "",
            "payment-provider",
            "ftp://x",
            "mailto:a@b",
            "//x",
            "http://me:secret@x",
            "http://x?y",
            "http://x#y",
        ] {
            assert!(HttpProvider::parse_url(wrong).is_err(), "{wrong}");
        }
        let client = chassis::outbound::client("http:", std::time::Duration::from_secs(1));
        let provider = HttpProvider::new(
            &HttpProvider::parse_url("http://x:1/base/").unwrap(),
            Client::fixed(client.unwrap()),
        );
        assert_eq!(provider.payments.as_str(), "http://x:1/base/v1/payments");
    }
}
