//! A payment-provider of the test's choice: it writes down what it is asked, and answers as it is told.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::Value;

/// What it was asked.
#[derive(Debug, Clone)]
pub struct Call {
    pub path: String,
    /// By their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// `Null` when it was no JSON.
    pub body: Value,
}

/// What it answers.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    delay: Duration,
}

impl Answer {
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            delay: Duration::ZERO,
        }
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json")
            .body(body.to_string())
    }

    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

type Behaviour = Arc<dyn Fn(&Call) -> Answer + Send + Sync>;

struct Shared {
    calls: Mutex<Vec<Call>>,
    behaviour: Mutex<Behaviour>,
}

/// A payment-provider on a port of its own; gone when it is dropped.
pub struct StandIn {
    address: SocketAddr,
    shared: Arc<Shared>,
    handle: ServerHandle,
}

impl StandIn {
    /// Answers 404 to everything, until it is told otherwise.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            calls: Mutex::default(),
            behaviour: Mutex::new(Arc::new(|_| Answer::new(404))),
        });
        let server = serve(listener, &shared);
        let handle = server.handle();
        tokio::spawn(server);
        Self {
            address,
            shared,
            handle,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers so from now on, and forgets what it was asked before.
    pub fn answers(&self, behaviour: impl Fn(&Call) -> Answer + Send + Sync + 'static) {
        *self.shared.behaviour.lock().unwrap() = Arc::new(behaviour);
        self.shared.calls.lock().unwrap().clear();
    }

    /// What it was asked, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.calls.lock().unwrap().clone()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        // It is told so at once; nobody waits until it has stopped.
        drop(self.handle.stop(false));
    }
}

fn serve(listener: TcpListener, shared: &Arc<Shared>) -> Server {
    let shared = web::Data::from(shared.clone());
    HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .default_service(web::to(answer))
    })
    .workers(1)
    .disable_signals()
    .listen(listener)
    .unwrap()
    .run()
}

async fn answer(shared: web::Data<Shared>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let headers = request.headers().iter();
    let call = Call {
        path: request.path().to_owned(),
        headers: headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    shared.calls.lock().unwrap().push(call.clone());
    let behaviour = shared.behaviour.lock().unwrap().clone();
    let answer = behaviour(&call);
    tokio::time::sleep(answer.delay).await;
    let mut response = HttpResponse::build(StatusCode::from_u16(answer.status).unwrap());
    for header in answer.headers {
        response.insert_header(header);
    }
    response.body(answer.body)
}
