//! A stand-in for an OpenTelemetry collector.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What one request brought.
#[derive(Debug, Clone)]
pub struct Export {
    pub request_line: String,
    pub body: Vec<u8>,
}

impl Export {
    pub fn contains(&self, bytes: &[u8]) -> bool {
        let mut windows = self.body.windows(bytes.len());
        windows.any(|window| window == bytes)
    }
}

/// Takes whatever is sent to it, and remembers it.
pub struct Collector {
    pub url: String,
    exports: Arc<Mutex<Vec<Export>>>,
}

impl Collector {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let exports = Arc::new(Mutex::new(Vec::new()));
        let taken = exports.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let taken = taken.clone();
                std::thread::spawn(move || take(&connection, &taken));
            }
        });
        Self { url, exports }
    }

    /// What came with this request line and holds these bytes.
    pub fn exports_with(&self, request_line: &str, bytes: &[u8]) -> Vec<Export> {
        let exports = self.exports.lock().unwrap();
        let found = exports
            .iter()
            .filter(|export| export.request_line == request_line && export.contains(bytes));
        found.cloned().collect()
    }
}

fn take(mut connection: &TcpStream, exports: &Mutex<Vec<Export>>) -> Option<()> {
    let mut reader = BufReader::new(connection);
    loop {
        let mut request_line = String::new();
        reader
            .read_line(&mut request_line)
            .ok()
            .filter(|n| *n > 0)?;
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            if header.trim().is_empty() {
                break;
            }
            if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let request_line = request_line.trim().to_owned();
        exports.lock().unwrap().push(Export { request_line, body });
        let answer =
            b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        connection.write_all(answer).ok()?;
    }
}
