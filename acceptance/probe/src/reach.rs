//! Reaching for addresses: the allowed ones until they answer, then the denied ones to see that none does.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use crate::outcome::{Finding, Outcome};

/// Long enough for the first packet of a connection to be sent again (after 1 s) and answered.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// A denied target is refused only when it stayed silent every time.
const DENIED_TRIES: u32 = 3;
/// Between two tries of a target that should answer.
const PAUSE: Duration = Duration::from_millis(200);

/// Reaches for every target, all of one kind at once, and writes one line of JSON for each. Denied ones come
/// after the allowed ones, so that by then the pod's own network is known to work.
///
/// # Errors
/// When a line cannot be written.
pub fn all(
    allowed: &[String],
    denied: &[String],
    wait: Duration,
    out: &mut impl Write,
) -> io::Result<()> {
    report(
        at_once(allowed, |target| until_connected(target, wait)),
        out,
    )?;
    report(at_once(denied, several_times), out)
}

fn report(findings: Vec<Finding>, out: &mut impl Write) -> io::Result<()> {
    for finding in findings {
        serde_json::to_writer(&mut *out, &finding)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

fn at_once(targets: &[String], reach: impl Fn(&str) -> Finding + Sync) -> Vec<Finding> {
    thread::scope(|scope| {
        let reach = &reach;
        let running: Vec<_> = targets
            .iter()
            .map(|target| scope.spawn(move || reach(target)))
            .collect();
        // A thread that panicked leaves its target out, which acceptance reports as missing.
        running
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .collect()
    })
}

/// Tries until the target answers or `wait` is over.
fn until_connected(target: &str, wait: Duration) -> Finding {
    let start = Instant::now();
    loop {
        let outcome = connect(target);
        if outcome == Outcome::Connected || start.elapsed() >= wait {
            return finding(target, outcome, start);
        }
        thread::sleep(PAUSE);
    }
}

/// Tries several times; the first try that ends in anything but silence decides.
fn several_times(target: &str) -> Finding {
    let start = Instant::now();
    for _ in 0..DENIED_TRIES {
        let outcome = connect(target);
        if outcome != Outcome::TimedOut {
            return finding(target, outcome, start);
        }
    }
    finding(target, Outcome::TimedOut, start)
}

fn finding(target: &str, outcome: Outcome, start: Instant) -> Finding {
    let millis = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    Finding {
        target: target.to_owned(),
        outcome,
        millis,
    }
}

/// A question that every DNS server answers by itself, if only by refusing: the class is not the internet's.
const QUESTION: [u8; 17] = [
    0x69, 0x70, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0, // one question, recursion as it likes
    0, 0, 16, 0, 3, // of the root, TXT, CHAOS
];

/// Asks a DNS server by a datagram; whatever comes back means that both ways are open.
fn ask(server: &str) -> Outcome {
    let Some(address) = resolve(server).and_then(|all| all.into_iter().next()) else {
        return Outcome::NameNotFound;
    };
    let own = if address.is_ipv4() {
        "0.0.0.0:0"
    } else {
        "[::]:0"
    };
    let asked = UdpSocket::bind(own).and_then(|socket| {
        socket.set_read_timeout(Some(CONNECT_TIMEOUT))?;
        // From then on answers of others are dropped.
        socket.connect(address)?;
        socket.send(&QUESTION)?;
        socket.recv(&mut [0; 512])
    });
    match asked {
        Ok(_) => Outcome::Connected,
        Err(error) => Outcome::of(&error),
    }
}

fn connect(target: &str) -> Outcome {
    if let Some(server) = target.strip_prefix("dns://") {
        return ask(server);
    }
    let Some(addresses) = resolve(target) else {
        return Outcome::NameNotFound;
    };
    let mut outcome = Outcome::NameNotFound;
    for address in addresses {
        outcome = match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(_) => return Outcome::Connected,
            Err(error) => Outcome::of(&error),
        };
    }
    outcome
}

fn resolve(target: &str) -> Option<Vec<SocketAddr>> {
    authority(target)
        .to_socket_addrs()
        .ok()
        .map(Iterator::collect)
}

/// The `host:port` of a target, which may be a URL.
pub(crate) fn authority(target: &str) -> String {
    let Some(rest) = target.strip_prefix("http://") else {
        return target.to_owned();
    };
    let authority = rest.split('/').next().unwrap_or(rest);
    let has_port = authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    if has_port {
        authority.to_owned()
    } else {
        format!("{authority}:80")
    }
}

#[cfg(test)]
mod tests {
    use super::{all, authority, connect, several_times};
    use crate::outcome::{Finding, Outcome};
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::time::Duration;

    /// A listener that never accepts, with its queue of waiting connections full: packets to it get no answer.
    fn silent() -> (TcpListener, Vec<TcpStream>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut held = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
            held.push(stream);
            assert!(held.len() < 20_000, "the queue of {address} never fills");
        }
        (listener, held, address.to_string())
    }

    fn closed() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    }

    #[test]
    fn a_listening_address_is_connected() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(
            connect(&listener.local_addr().unwrap().to_string()),
            Outcome::Connected
        );
    }

    #[test]
    fn an_address_where_nothing_listens_is_refused() {
        assert_eq!(connect(&closed()), Outcome::Refused);
    }

    #[test]
    fn a_silent_address_times_out_after_several_tries() {
        let (_listener, _held, address) = silent();
        let finding = several_times(&address);
        assert_eq!(finding.outcome, Outcome::TimedOut);
        assert!(finding.millis >= 6_000, "{finding:?}");
    }

    #[test]
    fn a_server_that_answers_a_datagram_is_connected_and_a_silent_one_times_out() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let target = format!("dns://{}", server.local_addr().unwrap());
        let answering = server.try_clone().unwrap();
        let answers = std::thread::spawn(move || {
            let mut question = [0; 512];
            let (length, from) = answering.recv_from(&mut question).unwrap();
            answering.send_to(&question[..2], from).unwrap();
            length
        });
        assert_eq!(connect(&target), Outcome::Connected);
        assert_eq!(answers.join().unwrap(), super::QUESTION.len());
        assert_eq!(connect(&target), Outcome::TimedOut);
        drop(server);
        assert_eq!(connect(&target), Outcome::Refused);
    }

    #[test]
    fn a_name_without_an_address_is_not_found() {
        assert_eq!(connect("no-such-host.invalid:80"), Outcome::NameNotFound);
    }

    #[test]
    fn a_target_may_be_an_address_or_a_url() {
        assert_eq!(authority("10.0.0.1:8082"), "10.0.0.1:8082");
        assert_eq!(
            authority("http://payment-provider.payments/v1"),
            "payment-provider.payments:80"
        );
        assert_eq!(authority("http://10.0.0.1:8082/"), "10.0.0.1:8082");
        assert_eq!(authority("http://[fd00::1]:8082/"), "[fd00::1]:8082");
        assert_eq!(authority("http://[fd00::1]/"), "[fd00::1]:80");
    }

    #[test]
    fn each_target_gets_one_line_of_json_with_the_allowed_ones_first() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let open = listener.local_addr().unwrap().to_string();
        let closed = closed();
        let mut out = Vec::new();
        all(
            std::slice::from_ref(&open),
            std::slice::from_ref(&closed),
            Duration::from_secs(5),
            &mut out,
        )
        .unwrap();
        let lines: Vec<Finding> = String::from_utf8(out)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(
            (lines[0].target.as_str(), lines[0].outcome),
            (open.as_str(), Outcome::Connected)
        );
        assert_eq!(
            (lines[1].target.as_str(), lines[1].outcome),
            (closed.as_str(), Outcome::Refused)
        );
    }

    #[test]
    fn an_allowed_target_is_tried_until_it_answers() {
        let address = closed();
        let late = address.clone();
        let opener = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(600));
            TcpListener::bind(late).unwrap()
        });
        let mut out = Vec::new();
        all(&[address], &[], Duration::from_secs(10), &mut out).unwrap();
        let _listener = opener.join().unwrap();
        assert!(
            String::from_utf8(out)
                .unwrap()
                .contains(r#""outcome":"connected""#)
        );
    }
}
