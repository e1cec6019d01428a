//! payment-provider charges, at most once for each attempt id.

mod application;
mod config;
pub mod drop_in;
pub mod payment;
mod problems;

use chassis::program::Program;
use utoipa_actix_web::service_config::ServiceConfig;

pub use application::{Application, MIGRATIONS};
pub use config::Config;

/// Who this program is.
pub const PROGRAM: Program = Program {
    name: "payment-provider",
    version: env!("CARGO_PKG_VERSION"),
    about: "Charges payments, at most once for each attempt id.",
    defaults: &[
        ("LISTEN_ADDRESS", "127.0.0.1:8082"),
        ("MANAGEMENT_ADDRESS", "127.0.0.1:9082"),
        ("DATABASE_URL", "sqlite:payment-provider.db"),
    ],
};

/// All routes of the public port.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(payment::routes::create::create)
        .service(payment::routes::read::read)
        .service(payment::routes::list::list)
        .service(drop_in::pay);
}
