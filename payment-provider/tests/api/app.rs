//! The application as the tests see it.

use std::future::Future;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use chassis::config::{Environment, Settings};
use chassis::database::OpenError;
use chassis::program::Failure;
use chassis::server::RunError;
use chassis::stop::StopSignals;
use chassis::telemetry::{Telemetry, TelemetrySettings};
use payment_provider::{Application, Config, PROGRAM};
use reqwest::{Client, Method};
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinHandle;

const DEADLINE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(10);

/// A running application, ended when dropped.
pub struct App {
    pub url: String,
    pub management_url: String,
    client: Client,
    signals: StopSignals,
    running: JoinHandle<Result<(), RunError>>,
}

/// An answer, read to its end.
#[derive(Debug, PartialEq)]
pub struct Reply {
    pub status: u16,
    pub content_type: String,
    pub location: Option<String>,
    pub allow: Option<String>,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// The URL of a database file in the folder.
pub fn sqlite_in(folder: &TempDir) -> String {
    format!("sqlite:{}", folder.path().join("payments.db").display())
}

impl App {
    /// Starts it on a database and awaits that it is ready.
    pub async fn on(database_url: &str) -> Self {
        let app = Self::start(database_url, "100000000");
        app.await_ready().await;
        app
    }

    /// The same with a limit on charges.
    pub async fn with_limit(database_url: &str, limit_minor: &str) -> Self {
        let app = Self::start(database_url, limit_minor);
        app.await_ready().await;
        app
    }

    /// Starts it and awaits nothing.
    pub fn start(database_url: &str, limit_minor: &str) -> Self {
        let variables = [
            ("LISTEN_ADDRESS", "127.0.0.1:0"),
            ("MANAGEMENT_ADDRESS", "127.0.0.1:0"),
            ("DATABASE_URL", database_url),
            ("CHARGE_LIMIT_MINOR", limit_minor),
        ];
        let config = Config::read(&Environment::of(variables)).unwrap();
        let application = build(&config);
        let url = format!("http://{}", application.address().unwrap());
        let management_url = format!("http://{}", application.management_address().unwrap());
        let signals = StopSignals::default();
        Self {
            client: chassis::outbound::client(&url, DEADLINE).unwrap(),
            url,
            management_url,
            running: tokio::spawn(application.run_until_stopped(signals.clone())),
            signals,
        }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None, "").await
    }

    pub async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Reply {
        self.send(Method::POST, path, Some("application/json"), body)
            .await
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: Option<&str>,
        body: impl Into<reqwest::Body>,
    ) -> Reply {
        let url = format!("{}{path}", self.url);
        let mut request = self.client.request(method, url).body(body);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let answer = request.send().await.unwrap();
        let header = |name| {
            let value = answer.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        Reply {
            status: answer.status().as_u16(),
            content_type: header("content-type").unwrap_or_default(),
            location: header("location"),
            allow: header("allow"),
            text: answer.text().await.unwrap(),
        }
    }

    /// The status of `/readyz`; `None` while nobody answers.
    pub async fn readiness(&self) -> Option<u16> {
        let url = format!("{}/readyz", self.management_url);
        let answer = self.client.get(url).send().await.ok()?;
        Some(answer.status().as_u16())
    }

    /// What `/readyz` says while it is answered.
    pub async fn readiness_in_words(&self) -> Option<String> {
        let url = format!("{}/readyz", self.management_url);
        let answer = self.client.get(url).send().await.ok()?;
        answer.text().await.ok()
    }

    pub async fn await_ready(&self) {
        eventually("it is ready", || async {
            self.readiness().await == Some(200)
        })
        .await;
    }

    /// Asks it to stop and awaits that it has.
    pub async fn stop(mut self) -> Result<(), RunError> {
        self.signals.soft.cancel();
        (&mut self.running).await.unwrap()
    }

    /// How it ended, without having been asked to.
    pub async fn ended(mut self) -> Result<(), RunError> {
        (&mut self.running).await.unwrap()
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.signals.hard.cancel();
    }
}

/// Polls until it holds; the test fails when it never does.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let deadline = Instant::now() + DEADLINE;
    while !holds().await {
        assert!(Instant::now() < deadline, "not within {DEADLINE:?}: {what}");
        tokio::time::sleep(POLL).await;
    }
}

/// Every answer has a trace id only when telemetry runs; a process has it once.
fn telemetry() -> Telemetry {
    static STARTED: OnceLock<Telemetry> = OnceLock::new();
    let start = || {
        let settings = TelemetrySettings::read(&Environment::of([("LOG_FILTER", "off")])).unwrap();
        Telemetry::start(&PROGRAM, &settings).unwrap()
    };
    STARTED.get_or_init(start).clone()
}

/// Builds it on a database that has just been let go. The lock may stay for a moment: a program that
/// another test starts has a copy of it between its fork and its exec.
fn build(config: &Config) -> Application {
    let deadline = std::time::Instant::now() + DEADLINE;
    loop {
        match Application::build(config.clone(), Some(telemetry())) {
            Err(Failure::Database(OpenError::Lock(_))) if std::time::Instant::now() < deadline => {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            built => return built.unwrap(),
        }
    }
}
