//! Everything that can be configured.

use std::num::NonZeroU32;

use chassis::database::DatabaseSettings;
use chassis::server::ServerSettings;
use chassis::telemetry::TelemetrySettings;
use chassis::tls::ServerTlsSettings;

chassis::settings! {
    /// The rules by which charges are declined.
    pub struct ChargeSettings {
        /// Charges of more than this many minor units (cents, say) are declined.
        pub charge_limit_minor: NonZeroU32 = "100000000",
    }
}

chassis::configuration! {
    /// The configuration, one struct for each concern.
    pub struct Config {
        /// Ports and limits.
        pub server: ServerSettings,
        /// Who may call.
        pub tls: ServerTlsSettings,
        /// The database.
        pub database: DatabaseSettings,
        /// Logs and traces.
        pub telemetry: TelemetrySettings,
        /// What is declined.
        pub charge: ChargeSettings,
    }
}
