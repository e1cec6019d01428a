//! Everything that can be configured.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use chassis::config::NonZeroDuration;
use chassis::database::DatabaseSettings;
use chassis::server::ServerSettings;
use chassis::telemetry::TelemetrySettings;

chassis::settings! {
    /// How invoices are paid.
    pub struct PaymentSettings {
        /// Where payment-provider answers, such as http://payment-provider.payments.
        pub payment_provider_url: String,
        /// The file of the authorities whose certificate payment-provider has to show, in PEM; it and the next two are set together, for an https:// address, and read again when they change.
        pub payment_provider_ca: Option<PathBuf>,
        /// The file of the certificate that payment-provider is shown, in PEM.
        pub payment_provider_client_certificate: Option<PathBuf>,
        /// The file of that certificate's private key, in PEM.
        pub payment_provider_client_key: Option<PathBuf>,
        /// How long payment-provider may take for one answer.
        pub payment_timeout: NonZeroDuration = "5s",
        /// How many invoices POST /invoices/pay pays at the same moment.
        pub pay_all_parallelism: NonZeroUsize = "8",
        /// When POST /invoices/pay answers at the latest, whatever is still unpaid.
        pub pay_all_deadline: NonZeroDuration = "25s",
        /// How often to look for payments that were left behind, and take them up.
        pub sweep_interval: NonZeroDuration = "1s",
    }
}

chassis::configuration! {
    /// The configuration, one struct for each concern.
    pub struct Config {
        /// Ports and limits.
        pub server: ServerSettings,
        /// The database.
        pub database: DatabaseSettings,
        /// Logs and traces.
        pub telemetry: TelemetrySettings,
        /// How invoices are paid.
        pub payment: PaymentSettings,
    }
}
