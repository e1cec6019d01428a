//! The little of PostgreSQL's protocol that it takes to see whether a server answers, and to make a
//! database: a server's package does not always bring its clients along.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const PROTOCOL_3_0: i32 = 196_608;
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Connects as `postgres`, for which the servers of tests ask no password.
pub(crate) fn connect(port: u16) -> io::Result<TcpStream> {
    let mut server = TcpStream::connect(("127.0.0.1", port))?;
    server.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    let mut startup = PROTOCOL_3_0.to_be_bytes().to_vec();
    startup.extend(b"user\0postgres\0database\0postgres\0\0");
    send(&mut server, &[], &startup)?;
    await_ready(&mut server)?;
    Ok(server)
}

/// Runs one statement.
pub(crate) fn execute(port: u16, statement: &str) -> io::Result<()> {
    let mut server = connect(port)?;
    send(&mut server, b"Q", format!("{statement}\0").as_bytes())?;
    await_ready(&mut server)
}

fn send(server: &mut TcpStream, kind: &[u8], body: &[u8]) -> io::Result<()> {
    let length = i32::try_from(body.len() + size_of::<i32>()).map_err(io::Error::other)?;
    server.write_all(&[kind, &length.to_be_bytes(), body].concat())
}

/// Reads until the server waits for a statement; an error message on the way is the outcome.
fn await_ready(server: &mut TcpStream) -> io::Result<()> {
    let mut outcome = Ok(());
    loop {
        let mut head = [0; 5];
        if let Err(closed) = server.read_exact(&mut head) {
            return outcome.and(Err(closed));
        }
        let [kind, length @ ..] = head;
        let mut body = vec![0; (u32::from_be_bytes(length) as usize).saturating_sub(4)];
        server.read_exact(&mut body)?;
        match kind {
            b'Z' => return outcome,
            b'E' => outcome = Err(io::Error::other(message(&body))),
            _ => {}
        }
    }
}

/// The field `M` of an error: each is a letter and a text that ends with a zero.
fn message(body: &[u8]) -> String {
    let mut fields = body.split(|byte| *byte == 0);
    let text = fields.find_map(|field| field.strip_prefix(b"M"));
    String::from_utf8_lossy(text.unwrap_or(body)).into_owned()
}
