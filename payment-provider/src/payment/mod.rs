//! Charges, each made at most once.

mod charger;
mod metrics;
mod model;
pub mod routes;
mod sql;
mod store;
mod view;

pub use charger::{ChargeError, Charged, Charger};
pub use metrics::ChargeMetrics;
pub use model::{Payment, PaymentId, Source, Status};
pub use sql::SqlPaymentStore;
pub use store::PaymentStore;
pub use view::{PaymentPage, PaymentView};
