//! Serving HTTP on connections that were let in.
//!
//! actix-web's own TLS listener drops what a failed handshake has to say; so the same service is
//! put together here behind our handshake.

use std::fmt;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_http::body::MessageBody;
use actix_http::{HttpService, Protocol, Request, Response};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, fn_service, map_config,
};
use actix_web::Error;
use actix_web::dev::{AppConfig, Server};
use tokio::net::TcpStream;

use super::connection::Connection;
use super::handshake::Acceptor;

/// The limits of a listener, the same with TLS and without.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Serving {
    pub(crate) max_connections: usize,
    pub(crate) backlog: u32,
    /// Of a new connection too: a proxy opens some ahead, and sends its first request much later.
    pub(crate) keep_alive: Duration,
    pub(crate) disconnect_timeout: Duration,
    pub(crate) shutdown_seconds: u64,
}

/// Serves the application on connections that the acceptor lets in.
pub(crate) fn serve<F, I, S, B>(
    listener: TcpListener,
    serving: Serving,
    acceptor: &Acceptor,
    application: F,
) -> io::Result<Server>
where
    F: Fn() -> I + Clone + Send + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    let builder = actix_server::Server::build()
        .max_concurrent_connections(serving.max_connections)
        .backlog(serving.backlog)
        .shutdown_timeout(serving.shutdown_seconds)
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let acceptor = acceptor.clone();
    let builder = builder.listen("tls", listener, move || {
        let (stopping, acceptor) = (stopping.clone(), acceptor.clone());
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .secure()
            .keep_alive(serving.keep_alive)
            .client_request_timeout(serving.keep_alive)
            .client_disconnect_timeout(serving.disconnect_timeout)
            .on_connect_ext(|connection: &Connection, data| {
                data.insert(connection.session().clone());
            })
            .finish(map_config(
                application()
                    .into_factory()
                    .map_err(|error| error.into().error_response()),
                |()| AppConfig::default(),
            ));
        fn_service(move |stream: TcpStream| {
            let acceptor = acceptor.clone();
            async move {
                // A refusal was said where it was decided.
                let connection = acceptor.accept(stream).await.ok_or(())?;
                let peer = connection.peer();
                Ok((connection, Protocol::Http1, peer))
            }
        })
        .and_then(http.map_err(drop))
    })?;
    Ok(builder.run())
}
