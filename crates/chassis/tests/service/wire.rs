//! HTTP by hand, to send what no well-behaved client sends.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const DEADLINE: Duration = Duration::from_secs(20);

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// The head in lower case.
    pub head: String,
    pub body: String,
}

impl Answer {
    fn of(head: String, body: Vec<u8>) -> Self {
        Self {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head,
            body: String::from_utf8(body).unwrap(),
        }
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn has_header(&self, header: &str) -> bool {
        self.head.lines().any(|line| line == header)
    }
}

/// A connection of one's own.
pub struct Connection(TcpStream);

impl Connection {
    pub async fn to(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Reads one answer; `None` when the connection is closed instead.
    pub async fn answer(&mut self) -> Option<Answer> {
        let read = tokio::time::timeout(DEADLINE, self.read());
        read.await.expect("an answer, or the end of the connection")
    }

    /// Reads the head of an answer and leaves what comes after it.
    pub async fn head(&mut self) -> Answer {
        let read = tokio::time::timeout(DEADLINE, self.read_head());
        let head = read.await.expect("an answer").expect("a head");
        Answer::of(head, Vec::new())
    }

    async fn read(&mut self) -> Option<Answer> {
        let head = self.read_head().await?;
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        self.0.read_exact(&mut body).await.ok()?;
        Some(Answer::of(head, body))
    }

    async fn read_head(&mut self) -> Option<String> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = self.0.read_u8().await.ok()?;
            head.push(byte);
        }
        Some(String::from_utf8(head).unwrap().to_lowercase())
    }

    /// Whether the server closes it, without another answer.
    pub async fn is_closed(&mut self) -> bool {
        self.answer().await.is_none()
    }

    /// Whether neither an answer nor the end comes.
    pub async fn is_quiet_for(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, self.answer()).await.is_err()
    }
}

/// One request on a connection of its own.
pub async fn request(address: SocketAddr, method: &str, path: &str, headers: &str) -> Answer {
    let mut connection = Connection::to(address).await;
    let request = format!("{method} {path} HTTP/1.1\r\nhost: test\r\n{headers}\r\n");
    connection.send(request).await;
    connection.answer().await.expect("an answer")
}

pub async fn get(address: SocketAddr, path: &str) -> Answer {
    request(address, "GET", path, "").await
}
