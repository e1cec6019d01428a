//! The service, put together.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::web;
use chassis::clock::{Clock, SystemClock};
use chassis::database::Database;
use chassis::health::Health;
use chassis::metrics::Metrics;
use chassis::program::Failure;
use chassis::server::{Listeners, RunError, ServerSettings, Service};
use chassis::stop::StopSignals;
use chassis::telemetry::Telemetry;
use chassis::tls::ServerTls;
use sqlx::migrate::Migrator;

use crate::payment::{ChargeMetrics, Charger, PaymentStore, SqlPaymentStore};
use crate::{Config, PROGRAM};

/// The migrations of this service's database.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// The service with its ports bound and its parts connected, not yet running.
pub struct Application {
    listeners: Listeners,
    settings: ServerSettings,
    tls: Option<ServerTls>,
    database: Database,
    charger: Arc<Charger>,
    metrics: Metrics,
    telemetry: Option<Telemetry>,
}

impl Application {
    /// Puts the service together.
    ///
    /// # Errors
    /// [`Failure`] when a port or the database cannot be had, or a setting is wrong.
    pub fn build(config: Config, telemetry: Option<Telemetry>) -> Result<Self, Failure> {
        let mut metrics = Metrics::new(PROGRAM.name, PROGRAM.version);
        let tls =
            ServerTls::read(&config.tls, metrics.registry()).map_err(Failure::configuration)?;
        config.server.check().map_err(Failure::configuration)?;
        let listeners = Listeners::bind(&config.server)?;
        let database = Database::open(&config.database)?;
        let store: Arc<dyn PaymentStore> = match &database {
            Database::Sqlite(pool, _) => Arc::new(SqlPaymentStore(pool.clone())),
            Database::Postgres(pool) => Arc::new(SqlPaymentStore(pool.clone())),
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let counts = ChargeMetrics::register(metrics.registry());
        let charger = Arc::new(Charger::new(
            store,
            clock,
            counts,
            config.charge.charge_limit_minor.get().into(),
        ));
        Ok(Self {
            listeners,
            settings: config.server,
            tls,
            database,
            charger,
            metrics,
            telemetry,
        })
    }

    /// The address of the API.
    ///
    /// # Errors
    /// When the operating system cannot tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listeners.public_address()
    }

    /// The address of the management port.
    ///
    /// # Errors
    /// When the operating system cannot tell.
    pub fn management_address(&self) -> io::Result<SocketAddr> {
        self.listeners.management_address()
    }

    /// Serves until asked to stop.
    ///
    /// # Errors
    /// [`RunError`] when it cannot start, fails, or is cut off.
    pub async fn run_until_stopped(self, signals: StopSignals) -> Result<(), RunError> {
        let (probed, migrated) = (self.database.clone(), self.database.clone());
        let charger = web::Data::from(self.charger);
        let service = Service {
            program: &PROGRAM,
            listeners: self.listeners,
            settings: self.settings,
            tls: self.tls,
            health: Health::starting().needs("database", move || {
                let database = probed.clone();
                async move { database.ping().await }
            }),
            metrics: Arc::new(self.metrics),
            database: self.database,
            prepare: Box::pin(async move { migrated.migrate(&MIGRATIONS).await }),
            routes: move |config: &mut utoipa_actix_web::service_config::ServiceConfig<'_>| {
                config.app_data(charger.clone());
                crate::routes(config);
            },
            workers: Vec::new(),
            telemetry: self.telemetry,
        };
        service.run(signals).await
    }
}
