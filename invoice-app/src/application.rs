//! The service, put together.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::web;
use chassis::clock::{Clock, SystemClock};
use chassis::config::{OutOfOrder, in_order};
use chassis::database::Database;
use chassis::health::Health;
use chassis::metrics::Metrics;
use chassis::outbound::Client;
use chassis::program::Failure;
use chassis::server::{Listeners, RunError, ServerSettings, Service, Worker};
use chassis::stop::StopSignals;
use chassis::telemetry::Telemetry;
use chassis::tls::{ClientTls, Files, TlsError};
use reqwest::Url;
use sqlx::migrate::Migrator;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::config::PaymentSettings;
use crate::invoice::InvoiceStore;
use crate::payment::{HttpProvider, PayAll, Payer, PaymentMetrics, PaymentStore, Sweeper};
use crate::store::SqlStore;
use crate::{Config, PROGRAM};

/// The migrations of this service's database.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// What the routes work with.
#[derive(Clone)]
struct Parts {
    invoices: Arc<dyn InvoiceStore>,
    payments: Arc<dyn PaymentStore>,
    clock: Arc<dyn Clock>,
    payer: Arc<Payer>,
    pay_all: Arc<PayAll>,
}

impl Parts {
    fn provide(&self, config: &mut ServiceConfig<'_>) {
        config
            .app_data(web::Data::new(self.invoices.clone()))
            .app_data(web::Data::new(self.payments.clone()))
            .app_data(web::Data::new(self.clock.clone()))
            .app_data(web::Data::from(self.payer.clone()))
            .app_data(web::Data::from(self.pay_all.clone()));
    }
}

/// The service with its ports bound and its parts connected, not yet running.
pub struct Application {
    listeners: Listeners,
    settings: ServerSettings,
    database: Database,
    parts: Parts,
    sweeper: Sweeper,
    keep_client: Option<Worker>,
    metrics: Metrics,
    telemetry: Option<Telemetry>,
}

impl Application {
    /// Puts the service together.
    ///
    /// # Errors
    /// [`Failure`] when a port or the database cannot be had, or a setting is wrong.
    pub fn build(config: Config, telemetry: Option<Telemetry>) -> Result<Self, Failure> {
        let payment = config.payment;
        let url = HttpProvider::parse_url(&payment.payment_provider_url)
            .map_err(Failure::configuration)?;
        check_times(&config.server, &payment).map_err(Failure::configuration)?;
        let mut metrics = Metrics::new(PROGRAM.name, PROGRAM.version);
        let (client, keep_client) = provider_client(&payment, &url, &mut metrics)?;
        let provider = Arc::new(HttpProvider::new(&url, client));
        let listeners = Listeners::bind(&config.server)?;
        let database = Database::open(&config.database)?;
        let (invoices, payments): (Arc<dyn InvoiceStore>, Arc<dyn PaymentStore>) = match &database {
            Database::Sqlite(pool, _) => both(SqlStore(pool.clone())),
            Database::Postgres(pool) => both(SqlStore(pool.clone())),
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let counts = PaymentMetrics::register(metrics.registry());
        let payer = Payer::new(
            payments.clone(),
            provider,
            clock.clone(),
            counts,
            payment.payment_timeout.get(),
        );
        let payer = Arc::new(payer);
        let pay_all = Arc::new(PayAll::new(
            invoices.clone(),
            payer.clone(),
            clock.clone(),
            payment.pay_all_parallelism.get(),
            payment.pay_all_deadline.get(),
        ));
        let sweeper = Sweeper::new(payer.clone(), payment.sweep_interval.get());
        let parts = Parts {
            invoices,
            payments,
            clock,
            payer,
            pay_all,
        };
        Ok(Self {
            listeners,
            settings: config.server,
            database,
            parts,
            sweeper,
            keep_client,
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
        let (parts, invoices, clock) = (self.parts.clone(), self.parts.invoices, self.parts.clock);
        let sweeper = self.sweeper;
        let sweep: Worker = Box::new(move |stop| Box::pin(sweeper.run(stop)));
        let service = Service {
            program: &PROGRAM,
            listeners: self.listeners,
            settings: self.settings,
            tls: None,
            health: Health::starting().needs("database", move || {
                let database = probed.clone();
                async move { database.ping().await }
            }),
            metrics: Arc::new(self.metrics),
            database: self.database,
            prepare: Box::pin(async move {
                migrated.migrate(&MIGRATIONS).await?;
                let ids = [clock.new_id(), clock.new_id(), clock.new_id()];
                let seed = || invoices.seed(ids, clock.now());
                migrated.when_available(seed).await
            }),
            routes: move |config: &mut ServiceConfig<'_>| {
                parts.provide(config);
                crate::routes(config);
            },
            workers: std::iter::once(sweep).chain(self.keep_client).collect(),
            telemetry: self.telemetry,
        };
        service.run(signals).await
    }
}

/// The client for calls to payment-provider, and what keeps its certificate up to date if it has one.
fn provider_client(
    payment: &PaymentSettings,
    url: &Url,
    metrics: &mut Metrics,
) -> Result<(Client, Option<Worker>), Failure> {
    let timeout = payment.payment_timeout.get();
    let files = Files::of(
        (
            "PAYMENT_PROVIDER_CLIENT_CERTIFICATE",
            payment.payment_provider_client_certificate.as_deref(),
        ),
        (
            "PAYMENT_PROVIDER_CLIENT_KEY",
            payment.payment_provider_client_key.as_deref(),
        ),
        (
            "PAYMENT_PROVIDER_CA",
            payment.payment_provider_ca.as_deref(),
        ),
    );
    let Some(files) = files.map_err(Failure::configuration)? else {
        let client = chassis::outbound::client(url.as_str(), timeout)?;
        return Ok((Client::fixed(client), None));
    };
    if url.scheme() != "https" {
        return Err(Failure::configuration(TlsError::PlainAddress {
            url: "PAYMENT_PROVIDER_URL",
            variable: "PAYMENT_PROVIDER_CA",
        }));
    }
    let tls = ClientTls::read(files, timeout, metrics.registry());
    let tls = tls.map_err(Failure::configuration)?;
    Ok((tls.client(), Some(tls.keep_up_to_date())))
}

/// An answer that comes when the request has been given up is none.
fn check_times(server: &ServerSettings, payment: &PaymentSettings) -> Result<(), OutOfOrder> {
    server.check()?;
    in_order(
        ("PAY_ALL_DEADLINE", payment.pay_all_deadline.get()),
        ("REQUEST_TIMEOUT", server.request_timeout.get()),
    )
}

fn both<S: InvoiceStore + PaymentStore + 'static>(
    store: S,
) -> (Arc<dyn InvoiceStore>, Arc<dyn PaymentStore>) {
    let store = Arc::new(store);
    (store.clone(), store)
}
