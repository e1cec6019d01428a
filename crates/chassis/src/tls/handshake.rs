//! One client's handshake, from its first byte to a connection or a refusal.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::allowed_clients::SHOWN;
use super::connection::{Connection, Session};
use super::refusal::{Refusal, Refusals};

/// A handshake is three packets and a few signatures; connections count against `MAX_CONNECTIONS`
/// from their first packet.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a refused client is given to read why.
const PARTING: Duration = Duration::from_millis(500);
/// The first byte of every TLS connection: a record of a handshake.
const HANDSHAKE_RECORD: u8 = 0x16;
const NOT_TLS: &str = "HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\n\
    content-length: 132\r\nconnection: close\r\n\r\n\
    {\"type\":\"about:blank\",\"title\":\"TLS is needed\",\"status\":400,\
    \"detail\":\"This port speaks TLS 1.3 with client certificates: use https.\"}";

/// Takes clients in.
#[derive(Debug, Clone)]
pub(crate) struct Acceptor {
    current: watch::Receiver<Arc<ServerConfig>>,
    refusals: Arc<Refusals>,
}

/// A handshake that failed, and the connection that is left of it.
struct Failed {
    refusal: Refusal,
    error: Option<io::Error>,
    stream: Option<TcpStream>,
}

impl Acceptor {
    pub(super) fn new(
        current: watch::Receiver<Arc<ServerConfig>>,
        refusals: Arc<Refusals>,
    ) -> Self {
        Self { current, refusals }
    }

    /// The connection of a client that is let in; `None` once it is refused.
    pub(super) async fn accept(&self, stream: TcpStream) -> Option<Connection> {
        let peer = stream.peer_addr().ok();
        // Cloned before it is read, so that a change from here on is seen by this connection.
        let mut current = self.current.clone();
        let config = current.borrow_and_update().clone();
        let handshake = SHOWN.scope(RefCell::default(), async {
            let outcome = tokio::time::timeout(HANDSHAKE_TIMEOUT, shake(stream, config)).await;
            (outcome, SHOWN.with(RefCell::take))
        });
        let failed = match handshake.await {
            (Ok(Ok(stream)), names) => {
                self.refusals.accepted();
                let session = Session::of(&stream, &names, current);
                return Some(Connection::new(stream, session));
            }
            (Ok(Err(failed)), names) => {
                self.say(&failed, peer, &names);
                failed
            }
            (Err(_), names) => {
                self.refusals.refused(Refusal::TooSlow, peer, &names, None);
                return None;
            }
        };
        if let Some(stream) = failed.stream {
            // Whether it reads to the end is its own affair.
            let _ = tokio::time::timeout(PARTING, part(stream, failed.refusal)).await;
        }
        None
    }

    fn say(&self, failed: &Failed, peer: Option<SocketAddr>, names: &[String]) {
        self.refusals
            .refused(failed.refusal, peer, names, failed.error.as_ref());
    }
}

async fn shake(
    stream: TcpStream,
    config: Arc<ServerConfig>,
) -> Result<TlsStream<TcpStream>, Failed> {
    let refused = |refusal, stream| Failed {
        refusal,
        error: None,
        stream,
    };
    let mut first = [0];
    match stream.peek(&mut first).await {
        Ok(1..) if first == [HANDSHAKE_RECORD] => {}
        Ok(1..) => return Err(refused(Refusal::NotTls, Some(stream))),
        _ => return Err(refused(Refusal::BrokenOff, None)),
    }
    // A small record must not wait for the acknowledgement of the one before it.
    let _ = stream.set_nodelay(true);
    let accept = TlsAcceptor::from(config).accept(stream).into_fallible();
    accept.await.map_err(|(error, stream)| Failed {
        refusal: Refusal::of(&error),
        error: Some(error),
        stream: Some(stream),
    })
}

/// Ends a connection so that the client gets to read what was sent last: closing one with unread
/// bytes would reset it.
async fn part(mut stream: TcpStream, refusal: Refusal) -> io::Result<()> {
    if refusal == Refusal::NotTls {
        stream.write_all(NOT_TLS.as_bytes()).await?;
    }
    stream.shutdown().await?;
    let mut unread = [0; 1024];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::NOT_TLS;

    #[test]
    fn the_answer_to_plain_http_is_as_long_as_it_says() {
        let (head, body) = NOT_TLS.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())));
        let problem: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(problem["status"], 400);
    }
}
