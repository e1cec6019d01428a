use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ranges::Ranges;

/// What a network policy distinguishes; it says nothing of ICMP, which each network treats in its own way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    /// What is meant where none is named.
    #[default]
    Tcp,
    /// Datagrams.
    Udp,
    /// Streams of messages.
    Sctp,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Tcp, Self::Udp, Self::Sctp];
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        })
    }
}

/// A set of ports of the three protocols.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PortSet(BTreeMap<Protocol, Ranges>);

/// A text that is no set of ports.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no port: write 8082/TCP, 8000-8010/UDP, 1-65535/TCP or `every port`")]
pub struct NoPort(String);

const EVERY_PORT: &str = "every port";

impl PortSet {
    /// Every port of every protocol.
    #[must_use]
    pub fn every() -> Self {
        let all = Protocol::ALL.map(|protocol| Self::range(protocol, 1, u16::MAX));
        all.iter().fold(Self::default(), |all, one| all.union(one))
    }

    /// One port.
    #[must_use]
    pub fn one(protocol: Protocol, port: u16) -> Self {
        Self::range(protocol, port, port)
    }

    /// From the first to the last, both included.
    #[must_use]
    pub fn range(protocol: Protocol, first: u16, last: u16) -> Self {
        let ranges = Ranges::of(u128::from(first.max(1)), u128::from(last));
        Self::with([(protocol, ranges)])
    }

    /// Whether there is no port in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a port is in it.
    #[must_use]
    pub fn contains(&self, protocol: Protocol, port: u16) -> bool {
        !self.intersection(&Self::one(protocol, port)).is_empty()
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.each(other, Ranges::union)
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.each(other, Ranges::intersection)
    }

    /// What is in this one alone.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.each(other, Ranges::difference)
    }

    /// Each range by itself: `53/TCP`, `8000-8010/UDP`; `every port` when nothing is left out.
    #[must_use]
    pub fn pieces(&self) -> Vec<String> {
        if *self == Self::every() {
            return vec![EVERY_PORT.to_owned()];
        }
        let of_one = |(protocol, ranges): (&Protocol, &Ranges)| {
            let protocol = *protocol;
            let pieces: Vec<_> = ranges.iter().map(|range| piece(protocol, range)).collect();
            pieces
        };
        self.0.iter().flat_map(of_one).collect()
    }

    fn each(&self, other: &Self, operation: impl Fn(&Ranges, &Ranges) -> Ranges) -> Self {
        let nothing = Ranges::default();
        let side = |set: &Self, protocol| set.0.get(&protocol).unwrap_or(&nothing).clone();
        Self::with(Protocol::ALL.map(|protocol| {
            let result = operation(&side(self, protocol), &side(other, protocol));
            (protocol, result)
        }))
    }

    /// A protocol without ports is left out, so that equal sets are equal.
    fn with(parts: impl IntoIterator<Item = (Protocol, Ranges)>) -> Self {
        let parts = parts.into_iter().filter(|(_, ranges)| !ranges.is_empty());
        Self(parts.collect())
    }
}

fn piece(protocol: Protocol, (first, last): (u128, u128)) -> String {
    if first == last {
        format!("{first}/{protocol}")
    } else {
        format!("{first}-{last}/{protocol}")
    }
}

impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.pieces().join(", "))
    }
}

/// Reads one piece, as [`PortSet::pieces`] writes it. The protocol may be left out and is TCP then.
impl FromStr for PortSet {
    type Err = NoPort;

    fn from_str(text: &str) -> Result<Self, NoPort> {
        let refused = || NoPort(text.to_owned());
        if text == EVERY_PORT {
            return Ok(Self::every());
        }
        let (ports, protocol) = text.split_once('/').unwrap_or((text, "TCP"));
        let known = Protocol::ALL;
        let protocol = known.into_iter().find(|one| one.to_string() == protocol);
        let protocol = protocol.ok_or_else(refused)?;
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        let number = |text: &str| text.parse::<u16>().map_err(|_| refused());
        let (first, last) = (number(first)?, number(last)?);
        if first == 0 || first > last {
            return Err(refused());
        }
        Ok(Self::range(protocol, first, last))
    }
}

#[cfg(test)]
mod tests {
    use super::{PortSet, Protocol};

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["8082/TCP", "8000-8010/UDP", "1-65535/SCTP", "every port"] {
            let set: PortSet = text.parse().unwrap();
            assert_eq!(set.pieces(), [text]);
        }
        assert_eq!("53".parse::<PortSet>().unwrap().pieces(), ["53/TCP"]);
    }

    #[test]
    fn what_is_no_port_is_refused() {
        for text in [
            "",
            "0/TCP",
            "9-8/TCP",
            "65536/TCP",
            "53/tcp",
            "http",
            "1-/TCP",
        ] {
            assert!(text.parse::<PortSet>().is_err(), "{text}");
        }
    }

    #[test]
    fn one_protocol_says_nothing_of_another() {
        let dns = PortSet::one(Protocol::Udp, 53);
        assert!(dns.contains(Protocol::Udp, 53));
        assert!(!dns.contains(Protocol::Tcp, 53));
        assert!(!dns.contains(Protocol::Udp, 54));
        let rest = PortSet::every().difference(&dns);
        assert_eq!(
            rest.to_string(),
            "1-65535/TCP, 1-52/UDP, 54-65535/UDP, 1-65535/SCTP"
        );
        assert_eq!(rest.union(&dns), PortSet::every());
    }
}
