//! What payment-provider is asked for.

use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use super::{Answer, Door, HttpError};
use crate::wire::Charge;

/// payment-provider, asked at one address.
#[derive(Clone)]
pub(crate) struct PaymentProvider(pub(crate) Door);

impl PaymentProvider {
    /// Every payment there is.
    pub(crate) async fn charges(&self) -> Result<Vec<Charge>, HttpError> {
        self.0.all("/v1/payments").await
    }

    /// The payment with this id, if there is one.
    pub(crate) async fn charge(&self, id: Uuid) -> Result<Option<Charge>, HttpError> {
        let answer = self
            .0
            .get(&format!("/v1/payments/{id}"))
            .await?
            .expect_any(&[200, 404])?;
        if answer.status == 404 {
            Ok(None)
        } else {
            answer.json().map(Some)
        }
    }

    /// `POST /payments/pay`, whatever it answers.
    pub(crate) async fn drop_in_pay(&self, id: &str) -> Result<Answer, HttpError> {
        let body = json!({"id": id, "value": 1.5, "currency": "EUR"});
        self.0
            .request(Method::POST, "/payments/pay")
            .json(&body)
            .send()
            .await
    }
}
