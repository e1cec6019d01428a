//! Carrying connections from this pod's place to another: whoever cannot stand there asks from there.

use std::io;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::thread;

/// Carries every connection to `port` of this pod's own loopback on to `to`, until the process is ended.
///
/// # Errors
/// When the port cannot be listened on.
pub fn forever(port: u16, to: &str) -> io::Result<()> {
    serve(&TcpListener::bind((Ipv4Addr::LOCALHOST, port))?, to);
    Ok(())
}

/// A connection that cannot be carried is closed, which is all that can be told of it.
fn serve(listener: &TcpListener, to: &str) {
    for near in listener.incoming().flatten() {
        let to = to.to_owned();
        thread::spawn(move || carry(&near, &TcpStream::connect(to)?));
    }
}

fn carry(near: &TcpStream, far: &TcpStream) -> io::Result<()> {
    thread::scope(|scope| {
        scope.spawn(|| one_way(near, far));
        one_way(far, near)
    })
}

/// The end of one direction is passed on, since the other may have more to say.
fn one_way(mut from: &TcpStream, mut to: &TcpStream) -> io::Result<()> {
    let carried = io::copy(&mut from, &mut to);
    // It may be gone already.
    let _ = to.shutdown(Shutdown::Write);
    carried.map(drop)
}

#[cfg(test)]
mod tests {
    use super::serve;
    use std::io::{Read, Write};
    use std::net::{Shutdown, TcpListener, TcpStream};

    fn relay_to(to: String) -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || serve(&listener, &to));
        TcpStream::connect(address).unwrap()
    }

    #[test]
    fn both_directions_are_carried_to_their_ends() {
        let far = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut near = relay_to(far.local_addr().unwrap().to_string());
        let (mut arrived, _) = far.accept().unwrap();
        near.write_all(b"asked").unwrap();
        near.shutdown(Shutdown::Write).unwrap();
        let mut asked = String::new();
        arrived.read_to_string(&mut asked).unwrap();
        arrived.write_all(b"answered").unwrap();
        drop(arrived);
        let mut answered = String::new();
        near.read_to_string(&mut answered).unwrap();
        assert_eq!((asked.as_str(), answered.as_str()), ("asked", "answered"));
    }

    #[test]
    fn what_cannot_be_reached_is_an_end_without_an_answer() {
        let gone = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = gone.local_addr().unwrap().to_string();
        drop(gone);
        let mut answered = Vec::new();
        let ended = relay_to(address).read_to_end(&mut answered);
        assert!(ended.is_err() || answered.is_empty());
    }
}
