//! The first look at a deployment: invoice-app answers, and with what its callers read.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::reach::authority;

/// For each of connecting, sending and the next bytes of an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(500);
/// A page and not the whole list, which grows with what is kept.
const PAGE: &str = "/v1/invoices?limit=10";
const DESCRIPTION: &str = "/openapi.json";
/// Many times what either of them takes, and a small part of the memory that the hook's pod has.
const LARGEST_ANSWER: u64 = 256 * 1024;

/// What is wrong with a deployment.
#[derive(Debug, thiserror::Error)]
pub enum SmokeError {
    /// No answer came.
    #[error("GET {path} of {server} got no answer")]
    Silent {
        /// What was asked for.
        path: &'static str,
        /// Who was asked.
        server: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// An answer that no caller could use.
    #[error("GET {path} of {server} answered {what}")]
    Wrong {
        /// What was asked for.
        path: &'static str,
        /// Who was asked.
        server: String,
        /// What it answered instead.
        what: String,
    },
}

/// Asks the invoice-app at `url` for a page of invoices and for its description, again until both are right.
///
/// # Errors
/// What was wrong in the last try when `wait` is over.
pub fn check(url: &str, wait: Duration) -> Result<(), SmokeError> {
    let start = Instant::now();
    loop {
        match once(url) {
            Ok(()) => return Ok(()),
            Err(error) if start.elapsed() >= wait => return Err(error),
            Err(_) => thread::sleep(PAUSE),
        }
    }
}

fn once(url: &str) -> Result<(), SmokeError> {
    judge(url, PAGE, invoices)?;
    judge(url, DESCRIPTION, description)
}

fn judge(
    url: &str,
    path: &'static str,
    rule: fn(&Value) -> Result<(), String>,
) -> Result<(), SmokeError> {
    let server = authority(url);
    let answer = get(&server, path).map_err(|source| SmokeError::Silent {
        path,
        server: server.clone(),
        source,
    })?;
    body_of(&answer)
        .and_then(|body| rule(&body))
        .map_err(|what| SmokeError::Wrong { path, server, what })
}

/// The whole answer, which ends with the connection.
fn get(server: &str, path: &str) -> io::Result<Vec<u8>> {
    let mut stream = connect(server)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(LARGEST_ANSWER).read_to_end(&mut answer)?;
    Ok(answer)
}

fn connect(server: &str) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in server.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The JSON of an answer whose status is 200.
fn body_of(answer: &[u8]) -> Result<Value, String> {
    let split = find(answer, b"\r\n\r\n").ok_or("no HTTP")?;
    let (head, body) = (&answer[..split], &answer[split + 4..]);
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let status = head.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("200") {
        return Err(format!("`{status}` instead of 200"));
    }
    let whole = if head.contains("\r\ntransfer-encoding: chunked") {
        unchunked(body).ok_or("200, and was cut off")?
    } else {
        body.to_vec()
    };
    serde_json::from_slice(&whole).map_err(|error| format!("200 with what is no JSON: {error}"))
}

/// The chunks of a body put together; nothing when the last one is missing.
fn unchunked(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = find(body, b"\r\n")?;
        let size = std::str::from_utf8(&body[..end]).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(whole);
        }
        let start = end + 2;
        let after = start.checked_add(size)?;
        whole.extend_from_slice(body.get(start..after)?);
        body = body.get(after + 2..)?;
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|part| part == what)
}

fn invoices(body: &Value) -> Result<(), String> {
    let page = body["items"].as_array().ok_or("no page of invoices")?;
    match page.iter().find(|invoice| !is_invoice(invoice)) {
        None => Ok(()),
        Some(other) => Err(format!("a page with what is no invoice: {other}")),
    }
}

fn is_invoice(value: &Value) -> bool {
    ["id", "number", "amount", "currency", "state"]
        .iter()
        .all(|field| value[field].is_string())
}

fn description(body: &Value) -> Result<(), String> {
    let version = body["openapi"].as_str().unwrap_or_default();
    if version.starts_with("3.") && body["paths"]["/v1/invoices"].is_object() {
        Ok(())
    } else {
        Err("no OpenAPI description of /v1/invoices".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::{SmokeError, check};
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;
    use std::time::Duration;

    const INVOICES: &str = r#"{"items":[{"id":"01a2","number":"I1","amount":"12.15","currency":"EUR","state":"open"}],"next":"01a2"}"#;
    const DESCRIPTION: &str = r#"{"openapi":"3.1.0","paths":{"/v1/invoices":{}}}"#;

    /// A server that gives every request for invoices `invoices`, and every other one `description`.
    fn serve(invoices: &'static str, description: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut request = [0; 1024];
                let read = stream.read(&mut request).unwrap();
                let answer = if request[..read].starts_with(b"GET /v1/invoices?") {
                    invoices
                } else {
                    description
                };
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        url
    }

    fn ok(body: &str) -> &'static str {
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{body}").leak()
    }

    fn complaint(invoices: &'static str, description: &'static str) -> String {
        check(&serve(invoices, description), Duration::ZERO)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn invoices_and_a_description_pass() {
        check(&serve(ok(INVOICES), ok(DESCRIPTION)), Duration::ZERO).unwrap();
    }

    #[test]
    fn an_answer_in_chunks_is_put_together() {
        let (first, rest) = INVOICES.split_at(20);
        let chunks = format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{first}\r\n{:X};x=y\r\n{rest}\r\n",
            first.len(),
            rest.len()
        );
        let whole = format!("{chunks}0\r\n\r\n").leak();
        check(&serve(whole, ok(DESCRIPTION)), Duration::ZERO).unwrap();
        let said = complaint(chunks.leak(), ok(DESCRIPTION));
        assert!(said.ends_with("answered 200, and was cut off"), "{said}");
    }

    #[test]
    fn a_page_without_invoices_passes() {
        check(
            &serve(ok(r#"{"items":[],"next":null}"#), ok(DESCRIPTION)),
            Duration::ZERO,
        )
        .unwrap();
    }

    #[test]
    fn another_status_is_named() {
        let answer = "HTTP/1.1 503 Service Unavailable\r\n\r\n{}";
        let said = complaint(answer, ok(DESCRIPTION));
        assert!(
            said.starts_with("GET /v1/invoices?limit=10 of 127.0.0.1:")
                && said.ends_with("answered `http/1.1 503 service unavailable` instead of 200"),
            "{said}"
        );
    }

    #[test]
    fn an_invoice_that_lacks_a_field_fails() {
        let said = complaint(
            ok(r#"{"items":[{"id":"01a2","number":"I1","amount":"12.15","currency":"EUR"}]}"#),
            ok(DESCRIPTION),
        );
        assert!(said.contains("no invoice"), "{said}");
    }

    #[test]
    fn what_is_no_json_or_no_page_fails() {
        let said = complaint(ok("<html>"), ok(DESCRIPTION));
        assert!(said.contains("no JSON"), "{said}");
        let said = complaint(ok("[]"), ok(DESCRIPTION));
        assert!(said.contains("no page of invoices"), "{said}");
    }

    #[test]
    fn an_answer_without_end_is_read_no_further_than_memory_allows() {
        let endless = format!("{}{}", ok("["), "1,".repeat(1024 * 1024));
        let said = complaint(endless.leak(), ok(DESCRIPTION));
        assert!(said.contains("no JSON"), "{said}");
    }

    #[test]
    fn a_description_without_the_route_fails() {
        let said = complaint(ok(INVOICES), ok(r#"{"openapi":"3.1.0","paths":{}}"#));
        assert!(said.starts_with("GET /openapi.json"), "{said}");
    }

    #[test]
    fn nobody_there_is_said_to_be_silent() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let error = check(&url, Duration::ZERO).unwrap_err();
        assert!(matches!(error, SmokeError::Silent { .. }), "{error}");
    }

    #[test]
    fn it_is_tried_again_until_it_is_right() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let late = thread::spawn(move || {
            thread::sleep(Duration::from_millis(300));
            let listener = TcpListener::bind(address).unwrap();
            for answer in [ok(INVOICES), ok(DESCRIPTION)] {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 1024]).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        check(&format!("http://{address}"), Duration::from_secs(10)).unwrap();
        late.join().unwrap();
    }
}
