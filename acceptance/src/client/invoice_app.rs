//! What invoice-app is asked for.

use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use super::{Answer, Door, HttpError};
use crate::wire::{DropInInvoice, Invoice, Items, Payment};

/// invoice-app, asked at one address.
#[derive(Clone)]
pub(crate) struct InvoiceApp(pub(crate) Door);

impl InvoiceApp {
    /// `GET /invoices`.
    pub(crate) async fn drop_in_invoices(&self) -> Result<Vec<DropInInvoice>, HttpError> {
        self.0.get("/invoices").await?.expect(200)?.json()
    }

    /// `POST /invoices/pay`, whatever it answers.
    pub(crate) async fn drop_in_pay(&self) -> Result<Answer, HttpError> {
        self.0.request(Method::POST, "/invoices/pay").send().await
    }

    /// A new open invoice.
    pub(crate) async fn create(&self, amount: &str, currency: &str) -> Result<Invoice, HttpError> {
        let body = json!({"amount": amount, "currency": currency});
        self.0
            .request(Method::POST, "/v1/invoices")
            .json(&body)
            .send()
            .await?
            .expect(201)?
            .json()
    }

    pub(crate) async fn invoice(&self, id: Uuid) -> Result<Invoice, HttpError> {
        self.0
            .get(&format!("/v1/invoices/{id}"))
            .await?
            .expect(200)?
            .json()
    }

    /// Every invoice there is.
    pub(crate) async fn invoices(&self) -> Result<Vec<Invoice>, HttpError> {
        self.0.all("/v1/invoices").await
    }

    pub(crate) async fn payments_of(&self, invoice: Uuid) -> Result<Vec<Payment>, HttpError> {
        let path = format!("/v1/invoices/{invoice}/payments");
        let payments: Items<Payment> = self.0.get(&path).await?.expect(200)?.json()?;
        Ok(payments.items)
    }

    /// `POST /v1/invoices/{id}/pay`, whatever it answers.
    pub(crate) async fn pay(&self, invoice: Uuid) -> Result<Answer, HttpError> {
        self.0
            .request(Method::POST, &format!("/v1/invoices/{invoice}/pay"))
            .send()
            .await
    }
}
