//! Why a client was refused, said once in the log and counted each time.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rustls::{CertificateError, Error};

use super::metrics::HandshakeMetrics;

/// Lines of one kind that are logged at once; after that one more for each [`PER_LINE`].
const LINES_AT_ONCE: u32 = 10;
const PER_LINE: Duration = Duration::from_secs(6);

/// Why a client was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Refusal {
    NoCertificate,
    UnknownAuthority,
    NotValidNow,
    NotAllowed,
    OtherwiseWrong,
    RefusesThisService,
    Incompatible,
    NotTls,
    TooSlow,
    BrokenOff,
}

impl Refusal {
    pub(super) fn of(error: &io::Error) -> Self {
        let cause = error
            .get_ref()
            .and_then(|cause| cause.downcast_ref::<Error>());
        match cause {
            None => Self::BrokenOff,
            Some(Error::NoCertificatesPresented) => Self::NoCertificate,
            Some(Error::InvalidCertificate(certificate)) => Self::of_certificate(certificate),
            Some(Error::AlertReceived(_)) => Self::RefusesThisService,
            Some(Error::PeerIncompatible(_) | Error::NoApplicationProtocol) => Self::Incompatible,
            Some(_) => Self::OtherwiseWrong,
        }
    }

    fn of_certificate(error: &CertificateError) -> Self {
        match error {
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Self::NotValidNow,
            // An authority with the same name but another key ends as a bad signature.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                Self::UnknownAuthority
            }
            CertificateError::ApplicationVerificationFailure => Self::NotAllowed,
            _ => Self::OtherwiseWrong,
        }
    }

    /// Its label in the metrics.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::NoCertificate => "no_certificate",
            Self::UnknownAuthority => "unknown_authority",
            Self::NotValidNow => "not_valid_now",
            Self::NotAllowed => "not_allowed",
            Self::OtherwiseWrong => "otherwise_wrong",
            Self::RefusesThisService => "refuses_this_service",
            Self::Incompatible => "incompatible",
            Self::NotTls => "not_tls",
            Self::TooSlow => "too_slow",
            Self::BrokenOff => "broken_off",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::NoCertificate => "it showed no certificate",
            Self::UnknownAuthority => {
                "its certificate is of an authority that is not in TLS_CLIENT_CA"
            }
            Self::NotValidNow => "its certificate has expired or is not valid yet",
            Self::NotAllowed => "none of its certificate's names is in TLS_ALLOWED_CLIENTS",
            Self::OtherwiseWrong => "its handshake or its certificate is wrong",
            Self::RefusesThisService => "it refuses this service's certificate",
            Self::Incompatible => "it does not speak TLS 1.3 with what is offered here",
            Self::NotTls => "it does not speak TLS, and plain HTTP is not served here",
            Self::TooSlow => "its handshake took too long",
            Self::BrokenOff => "it broke off",
        }
    }
}

/// Says refusals in the log, not more often than bears reading, and counts them all.
#[derive(Debug)]
pub(super) struct Refusals {
    metrics: HandshakeMetrics,
    said: Mutex<HashMap<Refusal, Said>>,
}

/// How much may be said of one kind.
#[derive(Debug)]
struct Said {
    lines_left: u32,
    refilled: Instant,
    unsaid: u64,
}

impl Said {
    fn new(now: Instant) -> Self {
        Self {
            lines_left: LINES_AT_ONCE,
            refilled: now,
            unsaid: 0,
        }
    }

    /// Whether to say this one, and then how many were not said before it.
    fn may_say(&mut self, now: Instant) -> Option<u64> {
        while self.lines_left < LINES_AT_ONCE && now.duration_since(self.refilled) >= PER_LINE {
            self.lines_left += 1;
            self.refilled += PER_LINE;
        }
        if self.lines_left == LINES_AT_ONCE {
            self.refilled = now;
        }
        if self.lines_left == 0 {
            self.unsaid += 1;
            return None;
        }
        self.lines_left -= 1;
        Some(std::mem::take(&mut self.unsaid))
    }
}

impl Refusals {
    pub(super) fn new(metrics: HandshakeMetrics) -> Self {
        Self {
            metrics,
            said: Mutex::default(),
        }
    }

    pub(super) fn accepted(&self) {
        self.metrics.count("accepted");
    }

    pub(super) fn refused(
        &self,
        refusal: Refusal,
        peer: Option<SocketAddr>,
        names: &[String],
        error: Option<&io::Error>,
    ) {
        self.metrics.count(refusal.label());
        let peer = peer.map_or_else(|| "unknown".to_owned(), |peer| peer.to_string());
        if refusal == Refusal::BrokenOff {
            // Whoever only looks whether the port is open; nothing was asked and nothing refused.
            tracing::debug!(peer, "a connection ended before its TLS handshake did");
            return;
        }
        let Some(unsaid) = self.may_say(refusal) else {
            return;
        };
        let names = names.join(",");
        let error = error.map(ToString::to_string);
        let why = refusal.sentence();
        tracing::warn!(peer, names, error, unsaid, "a client was refused: {why}");
    }

    fn may_say(&self, refusal: Refusal) -> Option<u64> {
        let now = Instant::now();
        // Whoever panicked here left nothing half done.
        let mut said = self
            .said
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        said.entry(refusal)
            .or_insert_with(|| Said::new(now))
            .may_say(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_said_ten_times_and_then_every_six_seconds_with_what_was_left_out() {
        let start = Instant::now();
        let mut said = Said::new(start);
        let lines = (0..100).filter(|_| said.may_say(start).is_some()).count();
        assert_eq!(lines, 10);
        assert_eq!(said.may_say(start + Duration::from_secs(5)), None);
        assert_eq!(said.may_say(start + Duration::from_secs(7)), Some(91));
        assert_eq!(said.may_say(start + Duration::from_secs(8)), None);
        assert_eq!(said.may_say(start + Duration::from_mins(10)), Some(1));
        assert_eq!(said.may_say(start + Duration::from_mins(10)), Some(0));
    }

    #[test]
    fn errors_become_the_reason_that_a_person_can_act_on() {
        let of = |error: Error| Refusal::of(&io::Error::new(io::ErrorKind::InvalidData, error));
        let certificate = |error: CertificateError| of(error.into());
        assert_eq!(of(Error::NoCertificatesPresented), Refusal::NoCertificate);
        assert_eq!(certificate(CertificateError::Expired), Refusal::NotValidNow);
        assert_eq!(
            certificate(CertificateError::UnknownIssuer),
            Refusal::UnknownAuthority
        );
        assert_eq!(
            certificate(CertificateError::BadSignature),
            Refusal::UnknownAuthority
        );
        assert_eq!(
            certificate(CertificateError::ApplicationVerificationFailure),
            Refusal::NotAllowed
        );
        assert_eq!(
            Refusal::of(&io::ErrorKind::UnexpectedEof.into()),
            Refusal::BrokenOff
        );
    }
}
