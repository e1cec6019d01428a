//! The route of the system that this one replaces: its requests, its answers, byte for byte.

use actix_web::{HttpRequest, HttpResponse, post, web};
use chassis::http::Json;
use chassis::problem::{Problem, ProblemBody};
use money::{Currency, Money};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::payment::{ChargeError, Charged, Charger, Payment, PaymentId, Status};
use crate::problems::declined;

/// A payment as the old system's clients send it.
#[derive(Debug, Deserialize, ToSchema)]
pub struct DropInPayment {
    /// Any text of up to 255 bytes; ids of this route live apart from those of `/v1`.
    #[schema(value_type = String, required = true, example = "I1", min_length = 1, max_length = 255, pattern = r"^[^\u0000]+$")]
    pub id: Option<String>,
    /// The amount, as a JSON number above zero, with no more digits than the currency has; never read as a float.
    #[schema(value_type = f64, required = true, example = 12.15, exclusive_minimum = 0.0)]
    pub value: Option<Box<RawValue>>,
    /// The currency, by its ISO 4217 code; one with a smallest unit, in which one can pay.
    #[schema(value_type = String, required = true, example = "EUR", pattern = "^[A-Z]{3}$")]
    pub currency: Option<String>,
}

/// What the old system answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct DropInPaid {
    /// The id that was sent.
    #[schema(example = "I1")]
    pub id: String,
}

/// How the old system says what is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct DropInError {
    /// One of five sentences.
    #[schema(example = "could not retrieve payment value")]
    pub error: &'static str,
}

/// Longest id that is kept, in bytes.
const MAX_ID_BYTES: usize = 255;

/// Charges as the old system did
///
/// The first request with an id decides, for ever; every later one gets the same answer.
#[utoipa::path(
    tag = "drop-in",
    request_body = DropInPayment,
    responses(
        (status = 200, description = "Charged, now or before", body = DropInPaid),
        (status = 400, description = "Something is wrong", body = DropInError),
        (status = 402, description = "Declined", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The database is away: nothing was charged, or it was and a repetition will tell", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[post("/payments/pay")]
pub async fn pay(
    charger: web::Data<Charger>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let body = Json::raw(&request, payload).await?;
    let (id, amount) = match parse(&body) {
        Ok(payment) => payment,
        Err(error) => return Ok(HttpResponse::BadRequest().json(DropInError { error })),
    };
    match settle(&charger, &id, amount).await?.status {
        Status::Succeeded => Ok(HttpResponse::Ok().json(DropInPaid { id })),
        Status::Declined { reason } => Err(declined(&reason)),
    }
}

async fn settle(charger: &Charger, id: &str, amount: Money) -> Result<Payment, ChargeError> {
    match charger.charge(PaymentId::drop_in(id), amount).await {
        Ok(Charged::Now(payment) | Charged::Before(payment)) => Ok(payment),
        // The first result for ever, whatever a repetition asks for.
        Err(ChargeError::Different(stored)) => Ok(*stored),
        Err(error) => Err(error),
    }
}

fn parse(body: &[u8]) -> Result<(String, Money), &'static str> {
    if body.is_empty() {
        return Err("empty body request");
    }
    let payment = read(body).ok_or("failed to process payment request parameters")?;
    let id = payment
        .id
        .filter(|id| !id.is_empty() && id.len() <= MAX_ID_BYTES && !id.contains('\0'));
    let id = id.ok_or("could not retrieve payment id")?;
    let value = payment.value.ok_or("could not retrieve payment value")?;
    let currency = payment
        .currency
        .ok_or("could not retrieve payment currency")?;
    let currency: Currency = currency
        .parse()
        .map_err(|_| "could not retrieve payment currency")?;
    let amount = Money::parse_json_number(value.get(), currency)
        .ok()
        .filter(|amount| amount.is_positive());
    Ok((id, amount.ok_or("could not retrieve payment value")?))
}

fn read(body: &[u8]) -> Option<DropInPayment> {
    // serde would fill a struct from an array too, by the order of its fields.
    if body.trim_ascii_start().starts_with(b"[") {
        return None;
    }
    serde_json::from_slice(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_the_decimals_they_are() {
        let (id, amount) = parse(br#"{"id":"I1","value":12.15,"currency":"EUR"}"#).unwrap();
        assert_eq!((id.as_str(), amount.minor()), ("I1", 1215));
    }

    #[test]
    fn each_mistake_has_the_old_systems_sentence() {
        let id = "could not retrieve payment id";
        let value = "could not retrieve payment value";
        let currency = "could not retrieve payment currency";
        let parameters = "failed to process payment request parameters";
        for (body, sentence) in [
            ("", "empty body request"),
            ("{", parameters),
            ("[]", parameters),
            (r#"["I1",1,"EUR"]"#, parameters),
            (r#"{"id":1}"#, parameters),
            ("{}", id),
            (r#"{"id":"","value":1,"currency":"EUR"}"#, id),
            (r#"{"id":"a\u0000b","value":1,"currency":"EUR"}"#, id),
            (r#"{"id":"I1","currency":"EUR"}"#, value),
            (r#"{"id":"I1","value":0,"currency":"EUR"}"#, value),
            (r#"{"id":"I1","value":-5,"currency":"EUR"}"#, value),
            (r#"{"id":"I1","value":1.001,"currency":"EUR"}"#, value),
            (r#"{"id":"I1","value":"5","currency":"EUR"}"#, value),
            (
                r#"{"id":"I1","value":99999999999999999999,"currency":"EUR"}"#,
                value,
            ),
            (r#"{"id":"I1","value":1}"#, currency),
            (r#"{"id":"I1","value":1,"currency":"XAU"}"#, currency),
        ] {
            assert_eq!(parse(body.as_bytes()).unwrap_err(), sentence, "{body}");
        }
    }
}
