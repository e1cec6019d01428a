//! From when until when a certificate is valid. The library that checks certificates keeps this to
//! itself, and a full X.509 parser is much code for two times.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rustls::pki_types::CertificateDer;

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The time in which a certificate is valid, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first second.
    pub from: Timestamp,
    /// The last second.
    pub until: Timestamp,
}

impl Validity {
    /// Reads it from the certificate.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (mut certificate, _) = field(certificate, SEQUENCE)?;
        let (mut signed, _) = field(take(&mut certificate), SEQUENCE)?;
        if signed.first() == Some(&VERSION) {
            signed = field(signed, VERSION)?.1;
        }
        // The serial number, the algorithm and the issuer stand before it (RFC 5280, 4.1).
        for _ in 0..3 {
            signed = field(signed, *signed.first()?)?.1;
        }
        let (validity, _) = field(signed, SEQUENCE)?;
        let (from, rest) = time(validity)?;
        let (until, _) = time(rest)?;
        Some(Self { from, until })
    }

    pub(super) fn holds(&self, now: Timestamp) -> bool {
        self.from <= now && now <= self.until
    }
}

fn take<'a>(bytes: &mut &'a [u8]) -> &'a [u8] {
    std::mem::take(bytes)
}

/// The content of the field of that kind at the start, and what follows it.
fn field(bytes: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    let (&found, bytes) = bytes.split_first()?;
    let (&short, bytes) = bytes.split_first()?;
    let (length, bytes) = match short {
        0..=0x7f => (usize::from(short), bytes),
        0x81..=0x83 => {
            let (digits, bytes) = bytes.split_at_checked(usize::from(short & 0x7f))?;
            let length = digits
                .iter()
                .fold(0, |length, digit| length << 8 | usize::from(*digit));
            (length, bytes)
        }
        _ => return None,
    };
    (found == kind).then(|| bytes.split_at_checked(length))?
}

/// The time at the start, and what follows it.
fn time(bytes: &[u8]) -> Option<(Timestamp, &[u8])> {
    let kind = *bytes.first()?;
    let (text, rest) = field(bytes, kind)?;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let text = match kind {
        // Two digits of a year are those of 1950 to 2049 (RFC 5280, 4.1.2.5.1).
        UTC_TIME if text.get(..1)? < "5" => format!("20{text}"),
        UTC_TIME => format!("19{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let time = DateTime::strptime("%Y%m%d%H%M%S", text).ok()?;
    Some((time.to_zoned(TimeZone::UTC).ok()?.timestamp(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    fn certificate(years: [i32; 2]) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        params.not_before = date_time_ymd(years[0], 1, 2);
        params.not_after = date_time_ymd(years[1], 3, 4);
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().clone()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn both_ways_of_writing_a_time_are_read() {
        for years in [[1999, 2049], [2026, 2050], [2049, 2999]] {
            let validity = Validity::of(&certificate(years)).unwrap();
            assert_eq!(validity.from, at(&format!("{}-01-02T00:00:00Z", years[0])));
            assert_eq!(validity.until, at(&format!("{}-03-04T00:00:00Z", years[1])));
        }
    }

    #[test]
    fn it_holds_from_its_first_second_to_its_last() {
        let validity = Validity::of(&certificate([2026, 2027])).unwrap();
        assert!(!validity.holds(at("2026-01-01T23:59:59Z")));
        assert!(validity.holds(at("2026-01-02T00:00:00Z")));
        assert!(validity.holds(at("2027-03-04T00:00:00Z")));
        assert!(!validity.holds(at("2027-03-04T00:00:01Z")));
    }

    #[test]
    fn what_is_cut_off_anywhere_is_no_certificate_and_no_panic() {
        let whole = certificate([2026, 2050]);
        for length in 0..whole.len() {
            let cut = CertificateDer::from(whole[..length].to_vec());
            assert_eq!(Validity::of(&cut), None, "{length} bytes");
        }
    }
}
