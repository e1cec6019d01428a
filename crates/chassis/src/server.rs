//! Serving: two ports, background work, and a stop in order.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi};
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::config::{OutOfOrder, in_order};
use crate::database::{Database, MigrateError};
use crate::health::{self, Health};
use crate::http::{
    Boundary, Description, InFlight, Limits, boundary, description, fallback, head_as_get,
};
use crate::metrics::Metrics;
use crate::program::Program;
use crate::stop::StopSignals;
use crate::telemetry::Telemetry;
use crate::tls::{self, ServerTls};

const MANAGEMENT_HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// How long connections are waited for once no request is in flight: they have sent none, or half
/// of one.
const IDLE_CONNECTIONS: Duration = Duration::from_secs(1);
/// How long the other side may take to close a connection that is being closed.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const MANAGEMENT_CONNECTIONS: usize = 64;
const BACKLOG: u32 = 1024;

crate::settings! {
    /// The two ports of a service, their limits, and how it stops.
    pub struct ServerSettings {
        /// Where the API listens, as ip:port.
        pub listen_address: SocketAddr,
        /// Where /livez, /readyz and /metrics listen, as ip:port; never open it to the outside.
        pub management_address: SocketAddr,
        /// How long a connection is kept while no request comes; longer than a proxy in front keeps it (nginx 60 s, Traefik 90 s), so that it never sends one into a connection that is being closed.
        pub keep_alive: crate::config::NonZeroDuration = "100s",
        /// How many connections the API has at once, for each of its threads; more wait.
        pub max_connections: NonZeroUsize = "1024",
        /// The largest body of a request, in bytes.
        pub max_body_bytes: NonZeroUsize = "65536",
        /// The longest time until the answer to a request begins.
        pub request_timeout: crate::config::NonZeroDuration = "30s",
        /// How long to go on serving after the signal to stop, until nobody sends requests any more.
        pub stop_pause: crate::config::Duration = "0s",
        /// When to end at once, after the signal to stop, whatever is still going on.
        pub stop_deadline: crate::config::NonZeroDuration = "35s",
    }
}

impl ServerSettings {
    /// Refuses what can be read, but not be used.
    ///
    /// # Errors
    /// When the service would be ended while it still goes on serving on purpose.
    pub fn check(&self) -> Result<(), OutOfOrder> {
        in_order(
            ("STOP_PAUSE", self.stop_pause.get()),
            ("STOP_DEADLINE", self.stop_deadline.get()),
        )
    }
}

/// A port cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error(
    "{variable}: cannot listen on {address}; stop what listens there, or choose another address: {source}"
)]
pub struct BindError {
    variable: &'static str,
    address: SocketAddr,
    source: io::Error,
}

/// Why a service ended other than by being asked to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The database cannot be used by this program.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// A server failed.
    #[error("a server failed: {0}")]
    Server(#[from] io::Error),
    /// It was ended before its work was finished.
    #[error("ended at once by {0}, before everything was finished")]
    Cut(&'static str),
}

/// Both ports, bound: whoever asked for port 0 can see which one it got.
#[derive(Debug)]
pub struct Listeners {
    public: TcpListener,
    management: TcpListener,
}

impl Listeners {
    /// Binds both ports.
    ///
    /// # Errors
    /// [`BindError`] naming the variable and the address.
    pub fn bind(settings: &ServerSettings) -> Result<Self, BindError> {
        let bind = |variable, address| {
            TcpListener::bind(address).map_err(|source| BindError {
                variable,
                address,
                source,
            })
        };
        Ok(Self {
            public: bind("LISTEN_ADDRESS", settings.listen_address)?,
            management: bind("MANAGEMENT_ADDRESS", settings.management_address)?,
        })
    }

    /// The address of the API.
    ///
    /// # Errors
    /// When the operating system cannot tell.
    pub fn public_address(&self) -> io::Result<SocketAddr> {
        self.public.local_addr()
    }

    /// The address of the management port.
    ///
    /// # Errors
    /// When the operating system cannot tell.
    pub fn management_address(&self) -> io::Result<SocketAddr> {
        self.management.local_addr()
    }
}

/// Work that goes on beside the requests until its token is cancelled.
pub type Worker =
    Box<dyn FnOnce(CancellationToken) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// What is done before the first request: migrations and first rows.
pub type Prepare = Pin<Box<dyn Future<Output = Result<(), MigrateError>> + Send>>;

/// A service, ready to run.
pub struct Service<R> {
    /// Who it is.
    pub program: &'static Program,
    /// Its ports.
    pub listeners: Listeners,
    /// Its limits and times.
    pub settings: ServerSettings,
    /// TLS on the API's port; plain HTTP without. The management port is always plain.
    pub tls: Option<ServerTls>,
    /// Its readiness, with the checks of what it needs.
    pub health: Health,
    /// What it measures.
    pub metrics: Arc<Metrics>,
    /// Its database, closed at the end.
    pub database: Database,
    /// What is done before the first request.
    pub prepare: Prepare,
    /// Its routes.
    pub routes: R,
    /// Its work in the background.
    pub workers: Vec<Worker>,
    /// Its telemetry, flushed before the end.
    pub telemetry: Option<Telemetry>,
}

impl<R> Service<R>
where
    R: Fn(&mut ServiceConfig<'_>) + Clone + Send + 'static,
{
    /// Runs until it is asked to stop.
    ///
    /// # Errors
    /// [`RunError`] when it cannot start, fails, or is cut off.
    pub async fn run(self, signals: StopSignals) -> Result<(), RunError> {
        let StopSignals { soft, hard } = signals;
        let deadline = self.settings.stop_deadline.get();
        let cut = async {
            let too_late = async {
                soft.cancelled().await;
                tokio::time::sleep(deadline).await;
            };
            tokio::select! {
                () = hard.cancelled() => "a second signal",
                () = too_late => "STOP_DEADLINE",
            }
        };
        tokio::select! {
            outcome = self.serve(soft.clone()) => outcome,
            by = cut => Err(RunError::Cut(by)),
        }
    }

    async fn serve(mut self, stop: CancellationToken) -> Result<(), RunError> {
        let addresses = (
            self.listeners.public_address()?,
            self.listeners.management_address()?,
        );
        let management = management(
            self.listeners.management,
            self.health.clone(),
            self.metrics.clone(),
        )?;
        let management_handle = management.handle();
        let mut servers = JoinSet::new();
        servers.spawn(management);

        tokio::select! {
            prepared = &mut self.prepare => prepared?,
            () = stop.cancelled() => return Ok(()),
        }

        let in_flight = InFlight::default();
        let boundary = Boundary {
            health: self.health.clone(),
            metrics: self.metrics.requests(),
            in_flight: in_flight.clone(),
            timeout: self.settings.request_timeout.get(),
        };
        let public = public(
            self.program,
            self.listeners.public,
            &self.settings,
            self.tls.as_ref(),
            boundary,
            self.routes,
        )?;
        let public_handle = public.handle();
        servers.spawn(public);
        let stop_workers = CancellationToken::new();
        let mut workers = JoinSet::new();
        if let Some(tls) = self.tls {
            workers.spawn(tls.keep_up_to_date(stop_workers.clone()));
        }
        for worker in self.workers {
            workers.spawn(worker(stop_workers.clone()));
        }
        self.health.set_started();
        tracing::info!(address = %addresses.0, management = %addresses.1, version = self.program.version, "started");

        tokio::select! {
            () = stop.cancelled() => {}
            Some(ended) = servers.join_next() => {
                return Err(ended.map_err(io::Error::other)?.err().unwrap_or_else(|| io::Error::other("it ended by itself")).into());
            }
        }

        tracing::info!("stopping");
        self.health.set_stopping();
        tokio::time::sleep(self.settings.stop_pause.get()).await;
        stop_accepting(&public_handle, &in_flight).await;
        stop_workers.cancel();
        while workers.join_next().await.is_some() {}
        if let Some(telemetry) = &self.telemetry {
            telemetry.flush().await;
        }
        self.database.close().await;
        management_handle.stop(false).await;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Refuses new connections, closes the idle ones, and waits for the requests that are being answered.
async fn stop_accepting(server: &ServerHandle, in_flight: &InFlight) {
    tokio::select! {
        () = server.stop(true) => {}
        () = in_flight.none_for(IDLE_CONNECTIONS) => {}
    }
}

fn management(
    listener: TcpListener,
    health: Health,
    metrics: Arc<Metrics>,
) -> io::Result<actix_web::dev::Server> {
    let server = HttpServer::new(move || {
        let (health, metrics) = (health.clone(), metrics.clone());
        App::new()
            .configure(|config| health::routes(config, health, metrics))
            .wrap(from_fn(head_as_get))
    });
    Ok(server
        .workers(1)
        .max_connections(MANAGEMENT_CONNECTIONS)
        .client_request_timeout(MANAGEMENT_HEAD_TIMEOUT)
        .disable_signals()
        .listen(listener)?
        .run())
}

fn public<R>(
    program: &'static Program,
    listener: TcpListener,
    settings: &ServerSettings,
    tls: Option<&ServerTls>,
    boundary_data: Boundary,
    routes: R,
) -> io::Result<actix_web::dev::Server>
where
    R: Fn(&mut ServiceConfig<'_>) + Clone + Send + 'static,
{
    let limits = Limits {
        body_bytes: settings.max_body_bytes.get(),
    };
    let description = Description::of(&describe(program, routes.clone()))?;
    let description = web::Data::new(description);
    let application = move || {
        let (app, _) = App::new()
            .into_utoipa_app()
            .configure(routes.clone())
            .split_for_parts();
        app.app_data(web::Data::new(boundary_data.clone()))
            .app_data(web::Data::new(limits))
            .app_data(description.clone())
            .route("/openapi.json", web::get().to(description::serve))
            .service(web::redirect("/docs", "/docs/"))
            .service(SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json")))
            .default_service(web::to(fallback))
            // Within the boundary, whose log and metrics tell the method that was sent.
            .wrap(from_fn(head_as_get))
            .wrap(from_fn(boundary))
    };
    let serving = tls::Serving {
        max_connections: settings.max_connections.get(),
        backlog: BACKLOG,
        keep_alive: settings.keep_alive.get(),
        disconnect_timeout: DISCONNECT_TIMEOUT,
        // The server itself does not cut a request off: the deadline of the whole stop does.
        shutdown_seconds: settings.stop_deadline.get().as_secs().saturating_add(1),
    };
    if let Some(tls) = tls {
        return tls::serve(listener, serving, &tls.acceptor(), application);
    }
    Ok(HttpServer::new(application)
        .max_connections(serving.max_connections)
        .backlog(serving.backlog)
        .keep_alive(serving.keep_alive)
        .client_request_timeout(serving.keep_alive)
        .client_disconnect_timeout(serving.disconnect_timeout)
        .shutdown_timeout(serving.shutdown_seconds)
        .disable_signals()
        .listen(listener)?
        .run())
}

/// The description of an API, from its routes.
pub fn describe<R: Fn(&mut ServiceConfig<'_>)>(program: &Program, routes: R) -> OpenApi {
    let (_, mut api) = App::new()
        .into_utoipa_app()
        .configure(routes)
        .split_for_parts();
    api.info = InfoBuilder::new()
        .title(program.name)
        .description(Some(program.about))
        .version(program.version)
        .license(Some(
            LicenseBuilder::new()
                .name("Apache-2.0")
                .identifier(Some("Apache-2.0"))
                .build(),
        ))
        .build();
    api
}
