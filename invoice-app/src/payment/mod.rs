//! Payments: attempts to charge an invoice, and how each of them gets to a known end.

mod backoff;
mod metrics;
mod model;
mod pay_all;
mod payer;
mod provider;
mod provider_http;
pub mod routes;
mod sql;
mod store;
mod sweep;
mod view;

pub use backoff::backoff;
pub use metrics::PaymentMetrics;
pub use model::{IllegalPaymentChange, Payment, PaymentEvent, PaymentState};
pub use pay_all::PayAll;
pub use payer::{PayError, Payer, SendError};
pub use provider::{Outcome, Provider, UnknownWhy};
pub use provider_http::{HttpProvider, ProviderUrlError};
pub use store::{PaymentStore, PrepareError, SaveError};
pub use sweep::Sweeper;
pub use view::{PaymentList, PaymentView};
