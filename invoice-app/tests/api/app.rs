//! invoice-app on a free port, with SQLite and a payment-provider of the test's choice.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chassis::config::{Environment, Settings};
use chassis::database::OpenError;
use chassis::program::Failure;
use chassis::server::RunError;
use chassis::stop::StopSignals;
use invoice_app::{Application, Config};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::stand_in::{Answer, Call, StandIn};

const PATIENCE: Duration = Duration::from_mins(1);

/// The service, running until [`App::stop`].
pub struct App {
    pub url: String,
    pub management: String,
    pub provider: StandIn,
    pub http: reqwest::Client,
    pub folder: Arc<tempfile::TempDir>,
    signals: StopSignals,
    running: JoinHandle<Result<(), RunError>>,
}

impl App {
    /// Starts patiently with a payment-provider that charges whatever it is asked to.
    pub async fn start() -> Self {
        let app = Self::start_patiently().await;
        app.provider_charges();
        app
    }

    /// Starts with a payment-provider that answers 404 to everything, until the test mounts more.
    pub async fn start_without_provider() -> Self {
        Self::start_without_provider_with(&[]).await
    }

    /// Starts with much time for everything: what is slow is the machine, and changes nothing.
    pub async fn start_patiently() -> Self {
        let patient = [("PAYMENT_TIMEOUT", "10s"), ("PAY_ALL_DEADLINE", "20s")];
        Self::start_without_provider_with(&patient).await
    }

    /// Starts with these variables, and a payment-provider that answers 404 until the test mounts more.
    pub async fn start_without_provider_with(variables: &[(&str, &str)]) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Self::start_with(folder, StandIn::start(), variables).await
    }

    /// Starts on the database in `folder`, as after a crash.
    pub async fn start_in(folder: Arc<tempfile::TempDir>, provider: StandIn) -> Self {
        Self::start_with(folder, provider, &[]).await
    }

    /// Starts with these variables, which stand before those that it has otherwise.
    pub async fn start_with(
        folder: Arc<tempfile::TempDir>,
        provider: StandIn,
        variables: &[(&str, &str)],
    ) -> Self {
        let database = format!("sqlite:{}", folder.path().join("invoices.db").display());
        let url = format!("http://{}", provider.address());
        // An empty one counts as not set.
        let environment = [
            ("LISTEN_ADDRESS", "127.0.0.1:0"),
            ("MANAGEMENT_ADDRESS", "127.0.0.1:0"),
            ("DATABASE_URL", &database),
            ("PAYMENT_PROVIDER_URL", &url),
            ("PAYMENT_PROVIDER_CLIENT_CERTIFICATE", ""),
            ("PAYMENT_PROVIDER_CLIENT_KEY", ""),
            ("PAYMENT_PROVIDER_CA", ""),
            ("PAYMENT_TIMEOUT", "500ms"),
            ("PAY_ALL_DEADLINE", "2s"),
            ("SWEEP_INTERVAL", "50ms"),
        ];
        for (name, _) in variables {
            assert!(environment.iter().any(|(known, _)| known == name), "{name}");
        }
        let environment = environment.map(|(name, value)| {
            let mut set = variables.iter().filter(|(set, _)| *set == name);
            (name, set.next().map_or(value, |(_, value)| *value))
        });
        let environment = Environment::of(environment);
        let application = build(&Config::read(&environment).unwrap());
        let url = format!("http://{}", application.address().unwrap());
        let management = format!("http://{}", application.management_address().unwrap());
        let signals = StopSignals::default();
        let running = tokio::spawn(application.run_until_stopped(signals.clone()));
        let http = chassis::outbound::client("http://", PATIENCE).unwrap();
        let app = Self {
            url,
            management,
            provider,
            http,
            folder,
            signals,
            running,
        };
        eventually("ready", async || {
            app.status(&format!("{}/readyz", app.management)).await == Some(200)
        })
        .await;
        app
    }

    /// Charges everything, once for each id, like the real one.
    pub fn provider_charges(&self) {
        self.provider_answers(charged);
    }

    /// Answers so to charges, and 404 to everything else.
    pub fn provider_answers(&self, answer: impl Fn(&Call) -> Answer + Send + Sync + 'static) {
        self.provider.answers(move |call| match call.path.as_str() {
            "/v1/payments" => answer(call),
            _ => Answer::new(404),
        });
    }

    /// Stops as on SIGTERM, and returns what is needed to start again on the same data.
    pub async fn stop(self) -> (Arc<tempfile::TempDir>, StandIn) {
        self.signals.soft.cancel();
        self.running.await.unwrap().unwrap();
        (self.folder, self.provider)
    }

    async fn status(&self, url: &str) -> Option<u16> {
        Some(self.http.get(url).send().await.ok()?.status().as_u16())
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        read(
            self.http
                .get(format!("{}{path}", self.url))
                .send()
                .await
                .unwrap(),
        )
        .await
    }

    pub async fn post(&self, path: &str) -> (u16, Value) {
        read(
            self.http
                .post(format!("{}{path}", self.url))
                .send()
                .await
                .unwrap(),
        )
        .await
    }

    pub async fn post_json(&self, path: &str, body: &Value) -> (u16, Value) {
        read(
            self.http
                .post(format!("{}{path}", self.url))
                .json(body)
                .send()
                .await
                .unwrap(),
        )
        .await
    }

    /// Makes an invoice of 5.00 EUR and returns its path.
    pub async fn an_invoice(&self) -> String {
        let (status, invoice) = self
            .post_json(
                "/v1/invoices",
                &json!({"amount": "5.00", "currency": "EUR"}),
            )
            .await;
        assert_eq!(status, 201, "{invoice}");
        format!("/v1/invoices/{}", invoice["id"].as_str().unwrap())
    }

    pub async fn state_of(&self, invoice: &str) -> String {
        self.get(invoice).await.1["state"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// The attempt ids that payment-provider was asked to charge, in order.
    pub fn charged_ids(&self) -> Vec<String> {
        let calls = self.provider.calls();
        let ids = calls.iter().map(|call| call.body["id"].as_str().unwrap());
        ids.map(str::to_owned).collect()
    }
}

async fn read(response: reqwest::Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (
        status,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    )
}

/// Polls until it is so.
pub async fn eventually(what: &str, so: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !so().await {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The answer of a payment-provider that has charged what it was asked to.
pub fn charged(call: &Call) -> Answer {
    answer_with(call, &json!({"status": "succeeded", "reason": null}))
}

pub fn answer_with(call: &Call, more: &Value) -> Answer {
    let mut answer = call.body.clone();
    answer
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    Answer::new(201).json(&answer)
}

/// Answers `first` so many times, and charges from then on.
pub fn at_first(times: usize, first: Answer) -> impl Fn(&Call) -> Answer + Send + Sync {
    let seen = AtomicUsize::new(0);
    move |call| {
        if seen.fetch_add(1, Ordering::SeqCst) < times {
            first.clone()
        } else {
            charged(call)
        }
    }
}

/// Builds it on a database that has just been let go. The lock may stay for a moment: a program that
/// another test starts has a copy of it between its fork and its exec.
fn build(config: &Config) -> Application {
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        match Application::build(config.clone(), None) {
            Err(Failure::Database(OpenError::Lock(_))) if std::time::Instant::now() < deadline => {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            built => return built.unwrap(),
        }
    }
}
