//! The service of these tests.

use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use actix_web::{HttpResponse, get, post, web};
use chassis::config::{Environment, Settings};
use chassis::database::{Database, DatabaseSettings, MigrateError};
use chassis::health::Health;
use chassis::http::Json;
use chassis::metrics::Metrics;
use chassis::program::Program;
use chassis::server::{Listeners, RunError, ServerSettings, Service, Worker};
use chassis::stop::StopSignals;
use chassis::telemetry::{Telemetry, TelemetrySettings, current_trace_headers};
use chassis::tls::{ServerTls, ServerTlsSettings};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::collector::Collector;
use crate::wire;

const DEADLINE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(5);
pub const REREAD: Duration = Duration::from_millis(10);

const PROGRAM: Program = Program {
    name: "test-service",
    version: "1.2.3",
    about: "Tests the chassis.",
    defaults: &[],
};

/// A door that requests stand before until it is opened.
pub struct Door {
    pub waiting: watch::Sender<usize>,
    pub open: watch::Sender<bool>,
}

impl Door {
    fn closed() -> Self {
        Self {
            waiting: watch::Sender::new(0),
            open: watch::Sender::new(false),
        }
    }

    pub async fn pass(&self) {
        self.waiting.send_modify(|waiting| *waiting += 1);
        self.open.subscribe().wait_for(|open| *open).await.unwrap();
    }

    pub async fn await_someone(&self) {
        let mut waiting = self.waiting.subscribe();
        waiting.wait_for(|waiting| *waiting > 0).await.unwrap();
    }
}

/// What happened, in its order.
pub type Events = Arc<Mutex<Vec<&'static str>>>;

struct World {
    door: Arc<Door>,
    events: Events,
}

/// A thing
#[utoipa::path]
#[get("/things/{id}")]
async fn thing() -> HttpResponse {
    HttpResponse::Ok().body("a thing")
}

/// Waits at the door
#[utoipa::path]
#[get("/door")]
async fn wait_at_door(world: web::Data<World>) -> HttpResponse {
    world.door.pass().await;
    world.events.lock().unwrap().push("request finished");
    HttpResponse::Ok().body("through")
}

/// Reads a body
#[utoipa::path]
#[post("/bodies")]
async fn body(_: Json<serde_json::Map<String, serde_json::Value>>) -> HttpResponse {
    HttpResponse::Ok().body("read")
}

/// Says which trace a callee would be told
#[utoipa::path]
#[get("/trace")]
async fn trace() -> HttpResponse {
    tracing::info!(target: LOGGED, colour = "green", "a line of a trace");
    tracing::info!(target: "elsewhere", "a line that is filtered out");
    let headers = current_trace_headers();
    let parent = headers.get("traceparent").unwrap();
    HttpResponse::Ok().body(parent.as_bytes().to_vec())
}

/// What a test wants to be different.
pub struct Options {
    pub keep_alive: &'static str,
    pub stop_pause: &'static str,
    pub stop_deadline: &'static str,
    pub request_timeout: &'static str,
    pub max_body_bytes: &'static str,
    /// Whether its start waits at the door.
    pub slow_start: bool,
    /// The folder of its certificate, key and authorities, if it speaks TLS.
    pub identity: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            keep_alive: "100s",
            stop_pause: "0s",
            stop_deadline: "20s",
            request_timeout: "30s",
            max_body_bytes: "65536",
            slow_start: false,
            identity: None,
        }
    }
}

/// The running service; ended when dropped.
pub struct Running {
    pub address: SocketAddr,
    pub management: SocketAddr,
    pub signals: StopSignals,
    pub door: Arc<Door>,
    pub events: Events,
    task: JoinHandle<Result<(), RunError>>,
    _folder: tempfile::TempDir,
}

impl Running {
    /// Starts it and awaits that it is ready.
    pub async fn with(options: &Options) -> Self {
        let running = Self::start(options);
        running.await_readiness(200).await;
        running
    }

    pub fn start(options: &Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        let settings = DatabaseSettings::read(&Environment::of([("DATABASE_URL", &url)])).unwrap();
        let database = Database::open(&settings).unwrap();
        let settings = ServerSettings::read(&Environment::of([
            ("LISTEN_ADDRESS", "127.0.0.1:0"),
            ("MANAGEMENT_ADDRESS", "127.0.0.1:0"),
            ("KEEP_ALIVE", options.keep_alive),
            ("STOP_PAUSE", options.stop_pause),
            ("STOP_DEADLINE", options.stop_deadline),
            ("REQUEST_TIMEOUT", options.request_timeout),
            ("MAX_BODY_BYTES", options.max_body_bytes),
        ]))
        .unwrap();
        let listeners = Listeners::bind(&settings).unwrap();
        let (address, management) = (
            listeners.public_address().unwrap(),
            listeners.management_address().unwrap(),
        );
        let mut metrics = Metrics::new(PROGRAM.name, PROGRAM.version);
        let tls = options
            .identity
            .as_deref()
            .map(|folder| tls(folder, &mut metrics));
        let (signals, events) = (StopSignals::default(), Events::default());
        let door = Arc::new(Door::closed());
        let service = Service {
            program: &PROGRAM,
            listeners,
            settings,
            tls,
            health: Health::starting().needs("nothing", || async { Ok(()) }),
            metrics: Arc::new(metrics),
            database,
            prepare: prepare(options.slow_start, door.clone()),
            routes: routes(door.clone(), events.clone()),
            workers: vec![worker(events.clone())],
            telemetry: Some(telemetry().0.clone()),
        };
        Self {
            address,
            management,
            door,
            events,
            task: tokio::spawn(service.run(signals.clone())),
            signals,
            _folder: folder,
        }
    }

    pub async fn await_readiness(&self, status: u16) {
        eventually("its readiness", || async {
            wire::get(self.management, "/readyz").await.status == status
        })
        .await;
    }

    /// How it ended.
    pub async fn ended(mut self) -> Result<(), RunError> {
        let ended = tokio::time::timeout(DEADLINE, &mut self.task).await;
        ended.expect("it ends").unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.signals.hard.cancel();
    }
}

/// Lets in `friend.example`, and looks for new certificates all the time.
fn tls(folder: &Path, metrics: &mut Metrics) -> ServerTls {
    let file = |name| folder.join(name).display().to_string();
    let settings = ServerTlsSettings::read(&Environment::of([
        ("TLS_CERTIFICATE", &file("tls.crt")),
        ("TLS_KEY", &file("tls.key")),
        ("TLS_CLIENT_CA", &file("ca.crt")),
        ("TLS_ALLOWED_CLIENTS", "friend.example"),
    ]));
    let tls = ServerTls::read(&settings.unwrap(), metrics.registry()).unwrap();
    tls.unwrap().reread_every(REREAD)
}

fn routes(
    door: Arc<Door>,
    events: Events,
) -> impl Fn(&mut ServiceConfig<'_>) + Clone + Send + 'static {
    let world = web::Data::new(World { door, events });
    move |config| {
        config
            .app_data(world.clone())
            .service(thing)
            .service(wait_at_door)
            .service(body)
            .service(trace);
    }
}

fn prepare(slow: bool, door: Arc<Door>) -> chassis::server::Prepare {
    Box::pin(async move {
        if slow {
            door.pass().await;
        }
        Ok::<_, MigrateError>(())
    })
}

fn worker(events: Events) -> Worker {
    Box::new(|stop| {
        Box::pin(async move {
            stop.cancelled().await;
            events.lock().unwrap().push("worker stopped");
        })
    })
}

/// The only target that is logged.
const LOGGED: &str = "logged";

/// Logs next to nothing, and sends that and its spans to a collector of these tests. A process has it
/// once.
pub fn telemetry() -> &'static (Telemetry, Collector) {
    static STARTED: OnceLock<(Telemetry, Collector)> = OnceLock::new();
    STARTED.get_or_init(|| {
        let collector = Collector::start();
        let settings = TelemetrySettings::read(&Environment::of([
            ("LOG_FILTER", &format!("off,{LOGGED}=info")),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url),
        ]));
        let telemetry = Telemetry::start(&PROGRAM, &settings.unwrap()).unwrap();
        (telemetry, collector)
    })
}

/// Polls until it holds; the test fails when it never does.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let deadline = Instant::now() + DEADLINE;
    while !holds().await {
        assert!(Instant::now() < deadline, "not within {DEADLINE:?}: {what}");
        tokio::time::sleep(POLL).await;
    }
}
