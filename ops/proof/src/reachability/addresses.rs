use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use super::ranges::Ranges;

/// A set of addresses of both families.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addresses {
    v4: Ranges,
    v6: Ranges,
}

/// Where pods and nodes have their addresses unless somebody says otherwise: the ranges that never are on the
/// internet (RFC 1918, RFC 6598, RFC 4193).
const PRIVATE: [&str; 5] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "fc00::/7",
];

impl Addresses {
    /// Every address there is.
    #[must_use]
    pub fn every() -> Self {
        Self {
            v4: Ranges::of(0, u128::from(u32::MAX)),
            v6: Ranges::of(0, u128::MAX),
        }
    }

    /// The ranges that never are on the internet.
    #[must_use]
    pub fn private() -> Self {
        PRIVATE
            .iter()
            .filter_map(|block| block.parse().ok())
            .fold(Self::default(), |all, block| all.union(&Self::block(block)))
    }

    /// One address.
    #[must_use]
    pub fn one(address: IpAddr) -> Self {
        Self::block(IpNet::from(address))
    }

    /// The addresses of a CIDR block. One of IPv4 that is written as IPv6 is one of IPv4, as networks read it.
    #[must_use]
    pub fn block(block: IpNet) -> Self {
        match unmapped(block) {
            IpNet::V4(block) => Self {
                v4: Ranges::of(
                    u128::from(u32::from(block.network())),
                    u128::from(u32::from(block.broadcast())),
                ),
                v6: Ranges::default(),
            },
            IpNet::V6(block) => Self {
                v4: Ranges::default(),
                v6: Ranges::of(u128::from(block.network()), u128::from(block.broadcast())),
            },
        }
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self {
            v4: self.v4.union(&other.v4),
            v6: self.v6.union(&other.v6),
        }
    }

    /// What is in this one alone.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self {
            v4: self.v4.difference(&other.v4),
            v6: self.v6.difference(&other.v6),
        }
    }

    /// Whether an address is in both.
    #[must_use]
    pub fn meet(&self, other: &Self) -> bool {
        !self.v4.intersection(&other.v4).is_empty() || !self.v6.intersection(&other.v6).is_empty()
    }
}

/// `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
fn unmapped(block: IpNet) -> IpNet {
    let IpNet::V6(written) = block else {
        return block;
    };
    let inside = written.prefix_len().checked_sub(96);
    let network = written.network().to_ipv4_mapped();
    let read = network.zip(inside);
    let read = read.and_then(|(network, length)| Ipv4Net::new(network, length).ok());
    read.map_or(block, IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::{Addresses, PRIVATE};

    fn block(text: &str) -> Addresses {
        Addresses::block(text.parse().unwrap())
    }

    #[test]
    fn every_private_block_is_read() {
        for text in PRIVATE {
            assert!(Addresses::private().meet(&block(text)), "{text}");
        }
        assert!(!Addresses::private().meet(&block("203.0.113.0/24")));
    }

    #[test]
    fn a_block_is_all_of_its_addresses_however_it_is_written() {
        assert_eq!(block("10.1.2.3/8"), block("10.0.0.0/8"));
        assert_eq!(block("0.0.0.0/0").union(&block("::/0")), Addresses::every());
    }

    #[test]
    fn ipv4_that_is_written_as_ipv6_is_ipv4_and_what_lies_beside_is_not() {
        assert_eq!(block("::ffff:0:0/96"), block("0.0.0.0/0"));
        assert_eq!(block("::ffff:10.1.2.3/104"), block("10.0.0.0/8"));
        assert_eq!(block("::ffff:10.0.0.7/128"), block("10.0.0.7/32"));
        for other in ["::fffe:0:0/96", "::ffff:0:0/95", "::/64", "2001:db8::/96"] {
            assert!(!block(other).meet(&block("0.0.0.0/0")), "{other}");
        }
    }

    #[test]
    fn families_do_not_meet() {
        assert!(!block("0.0.0.0/0").meet(&block("::/0")));
    }

    #[test]
    fn what_is_taken_out_is_out() {
        let left = block("10.0.0.0/8").difference(&block("10.0.0.0/9"));
        assert!(!left.meet(&block("10.1.0.0/16")));
        assert!(left.meet(&block("10.200.0.0/16")));
    }
}
