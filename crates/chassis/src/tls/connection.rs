//! A connection of a client that was let in.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use jiff::Timestamp;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::server::TlsStream;

use super::validity::Validity;

/// Who a connection's client is, and whether it would still be let in.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    client: Arc<str>,
    until: Option<Timestamp>,
    current: watch::Receiver<Arc<ServerConfig>>,
}

impl Session {
    pub(super) fn of(
        stream: &TlsStream<TcpStream>,
        names: &[String],
        current: watch::Receiver<Arc<ServerConfig>>,
    ) -> Self {
        let certificates = stream.get_ref().1.peer_certificates();
        let validity = certificates.and_then(<[_]>::first).and_then(Validity::of);
        Self {
            client: names.join(",").into(),
            until: validity.map(|validity| validity.until),
            current,
        }
    }

    /// The names of the client's certificate.
    pub(crate) fn client(&self) -> &str {
        &self.client
    }

    /// Whether the client should come back on another connection: certificates were replaced since,
    /// or its own has expired.
    pub(crate) fn is_outdated(&self, now: Timestamp) -> bool {
        self.current.has_changed().unwrap_or(false) || self.until.is_some_and(|until| until < now)
    }
}

/// The connection itself.
pub(crate) struct Connection {
    stream: TlsStream<TcpStream>,
    session: Session,
}

impl Connection {
    pub(super) fn new(stream: TlsStream<TcpStream>, session: Session) -> Self {
        Self { stream, session }
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    pub(super) fn peer(&self) -> Option<std::net::SocketAddr> {
        self.stream.get_ref().0.peer_addr().ok()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
