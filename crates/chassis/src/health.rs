//! Health, on the management port.
//!
//! `/livez`: the process runs. `/readyz`: it can do its work: it has started, is not stopping, and
//! what it needs answers. `/metrics`: what it measures.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::header;
use actix_web::{HttpResponse, web};

use crate::metrics::Metrics;

const STARTING: u8 = 0;
const STARTED: u8 = 1;
const STOPPING: u8 = 2;

/// The answer of a check: `Err` says what is away.
pub type CheckOutcome = Result<(), String>;
type Check = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = CheckOutcome> + Send>> + Send + Sync>;

/// Where a service stands between its start and its stop, and the checks of what it needs.
#[derive(Clone, Default)]
pub struct Health {
    phase: Arc<AtomicU8>,
    checks: Vec<(&'static str, Check)>,
    /// What was away when it was last asked; empty when nothing was.
    away: Arc<Mutex<String>>,
}

impl std::fmt::Debug for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Health")
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}

impl Health {
    /// A service that is starting.
    #[must_use]
    pub fn starting() -> Self {
        Self::default()
    }

    /// Adds something that the service cannot work without.
    #[must_use]
    pub fn needs<F>(
        mut self,
        name: &'static str,
        check: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = CheckOutcome> + Send + 'static,
    {
        self.checks
            .push((name, Arc::new(move || Box::pin(check()))));
        self
    }

    /// The service has started.
    pub fn set_started(&self) {
        self.phase.store(STARTED, Ordering::Release);
    }

    /// The service is stopping and wants no more requests.
    pub fn set_stopping(&self) {
        self.phase.store(STOPPING, Ordering::Release);
    }

    /// Whether it is stopping.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.phase.load(Ordering::Acquire) == STOPPING
    }

    async fn readiness(&self) -> CheckOutcome {
        match self.phase.load(Ordering::Acquire) {
            // What it waits for is said where it waits.
            STARTING => Err(self.needed().await.err().map_or_else(
                || String::from("starting"),
                |away| format!("starting, {away}"),
            )),
            STOPPING => Err(String::from("stopping")),
            _ => {
                let needed = self.needed().await;
                self.log_change(needed.as_ref().err().map_or("", String::as_str));
                needed
            }
        }
    }

    async fn needed(&self) -> CheckOutcome {
        for (name, check) in &self.checks {
            check().await.map_err(|away| format!("{name}: {away}"))?;
        }
        Ok(())
    }

    /// It is asked every few seconds, so that only what is new is worth a line.
    fn log_change(&self, away: &str) {
        let mut before = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        if *before == away {
            return;
        }
        if away.is_empty() {
            tracing::info!("ready again");
        } else {
            tracing::warn!(why = away, "not ready");
        }
        away.clone_into(&mut before);
    }
}

/// The routes of the management port.
pub(crate) fn routes(config: &mut web::ServiceConfig, health: Health, metrics: Arc<Metrics>) {
    config
        .app_data(web::Data::new(health))
        .app_data(web::Data::new(metrics))
        .route("/livez", web::get().to(livez))
        .route("/readyz", web::get().to(readyz))
        .route("/metrics", web::get().to(metrics_text));
}

async fn livez() -> HttpResponse {
    HttpResponse::Ok().body("ok\n")
}

async fn readyz(health: web::Data<Health>) -> HttpResponse {
    match health.readiness().await {
        Ok(()) => HttpResponse::Ok().body("ok\n"),
        Err(why) => HttpResponse::ServiceUnavailable().body(format!("not ready: {why}\n")),
    }
}

async fn metrics_text(metrics: web::Data<Arc<Metrics>>) -> HttpResponse {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match metrics.encode() {
        Ok(text) => HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, OPEN_METRICS))
            .body(text),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}
