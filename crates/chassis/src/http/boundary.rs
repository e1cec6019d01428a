//! The boundary of a service: each request gets a span of its trace, limits on its head and its
//! time, one log event, and a place in the metrics.

use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::ConnectionType;
use actix_web::http::uri::PathAndQuery;
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, web};
use tracing::{Instrument, Span, field};

use super::in_flight::{InFlight, TrackedBody};
use crate::clock::{Clock, SystemClock};
use crate::health::Health;
use crate::metrics::RequestMetrics;
use crate::problem::{HEADERS_TOO_LARGE, Problem, REQUEST_TIMEOUT, URI_TOO_LONG};
use crate::telemetry::{continue_trace, current_trace_id};
use crate::tls::Session;

const MAX_URI_BYTES: usize = 4 * 1024;
const MAX_HEADER_BYTES: usize = 16 * 1024;
const UNMATCHED: &str = "unmatched";

/// What the boundary needs to know.
#[derive(Debug, Clone)]
pub struct Boundary {
    /// Whether the service is stopping.
    pub health: Health,
    /// Where requests are counted.
    pub metrics: RequestMetrics,
    /// The requests that are being answered.
    pub in_flight: InFlight,
    /// The longest time that a request may take until its answer begins.
    pub timeout: Duration,
}

/// The middleware around all routes of the public port. Its [`Boundary`] is application data.
///
/// # Errors
/// A [`Problem`] when the head is too large or the time is over.
pub async fn boundary(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(boundary) = request.app_data::<web::Data<Boundary>>().cloned() else {
        return next.call(request).await; // An application that is put together without one, in a test.
    };
    let began = Instant::now();
    let guard = boundary.in_flight.enter();
    let method = request.method().to_string();
    let route = request
        .match_pattern()
        .unwrap_or_else(|| UNMATCHED.to_owned());
    let session = request.conn_data::<Session>().cloned();
    let span = span(&request, &method, &route);
    if let Some(session) = &session {
        span.record("client", session.client());
    }
    let outcome = answer(request, next, boundary.timeout)
        .instrument(span.clone())
        .await;

    let status = match &outcome {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    let finish = Finish {
        method,
        route,
        status: status.as_u16(),
        began,
        metrics: boundary.metrics.clone(),
        span: span.clone(),
    };
    let send = |mut response: HttpResponse| {
        let is_outdated = session.is_some_and(|session| session.is_outdated(SystemClock.now()));
        if is_outdated || boundary.health.is_stopping() {
            // Whoever keeps this connection for later should come back on another one.
            let head = response.head_mut();
            head.set_connection_type(ConnectionType::Close);
        }
        response.map_body(|_, body| TrackedBody::new(body, guard, move || finish.run()).boxed())
    };
    match outcome {
        Ok(answered) => {
            let (request, response) = answered.into_parts();
            Ok(ServiceResponse::new(request, send(response)))
        }
        Err(error) => {
            // Made into an answer here, where the span still tells which trace it belongs to.
            let response = send(span.in_scope(|| error.error_response()));
            Err(InternalError::from_response(error, response).into())
        }
    }
}

fn span(request: &ServiceRequest, method: &str, route: &str) -> Span {
    let span = tracing::info_span!(
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = field::Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = field::Empty,
        client = field::Empty,
        trace_id = field::Empty,
    );
    continue_trace(&span, request.headers());
    if let Some(trace_id) = span.in_scope(current_trace_id) {
        span.record("trace_id", trace_id);
    }
    span
}

async fn answer(
    request: ServiceRequest,
    next: Next<BoxBody>,
    timeout: Duration,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Err(problem) = check_head(&request) {
        return Ok(request.into_response(problem.response()));
    }
    let outcome = tokio::time::timeout(timeout, next.call(request)).await;
    outcome.unwrap_or_else(|_| {
        let detail = format!(
            "It was not done within {timeout:?}. What was begun may still take effect: look before trying again."
        );
        Err(Problem::new(REQUEST_TIMEOUT, detail).into())
    })
}

fn check_head(request: &ServiceRequest) -> Result<(), Problem> {
    let uri = request
        .uri()
        .path_and_query()
        .map_or(0, |uri: &PathAndQuery| uri.as_str().len());
    if uri > MAX_URI_BYTES {
        return Err(Problem::new(
            URI_TOO_LONG,
            format!("Path and query may have {MAX_URI_BYTES} bytes together."),
        ));
    }
    let headers: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if headers > MAX_HEADER_BYTES {
        return Err(Problem::new(
            HEADERS_TOO_LARGE,
            format!("Headers may have {MAX_HEADER_BYTES} bytes together."),
        ));
    }
    Ok(())
}

/// What is done when the answer has been sent.
struct Finish {
    method: String,
    route: String,
    status: u16,
    began: Instant,
    metrics: RequestMetrics,
    span: Span,
}

impl Finish {
    fn run(self) {
        let took = self.began.elapsed();
        let millis = took.as_secs_f64() * 1000.0;
        self.span.in_scope(|| {
            tracing::info!(duration_ms = (millis * 100.0).round() / 100.0, "answered");
        });
        self.metrics
            .observe(&self.method, self.route, self.status, took);
    }
}
