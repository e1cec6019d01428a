//! invoice-app keeps invoices and pays them through payment-provider.

mod application;
mod config;
pub mod drop_in;
pub mod invoice;
pub mod payment;
mod problems;
pub mod store;

use chassis::program::Program;
use utoipa_actix_web::service_config::ServiceConfig;

pub use application::{Application, MIGRATIONS};
pub use config::{Config, PaymentSettings};

/// Who this program is.
pub const PROGRAM: Program = Program {
    name: "invoice-app",
    version: env!("CARGO_PKG_VERSION"),
    about: "Keeps invoices, and pays each of them once through payment-provider.",
    defaults: &[
        ("LISTEN_ADDRESS", "127.0.0.1:8081"),
        ("MANAGEMENT_ADDRESS", "127.0.0.1:9081"),
        ("DATABASE_URL", "sqlite:invoice-app.db"),
    ],
};

/// All routes of the public port.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(invoice::routes::create::create)
        .service(invoice::routes::read::read)
        .service(invoice::routes::list::list)
        .service(invoice::routes::void::void)
        .service(payment::routes::pay::pay)
        .service(payment::routes::attempts::attempts)
        .service(payment::routes::read::read)
        .service(drop_in::list::list)
        .service(drop_in::pay::pay);
}
