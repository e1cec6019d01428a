//! Time, new ids and chance, as arguments: whoever needs them is given a [`Clock`].

use std::fmt::Debug;

use jiff::{Timestamp, Unit};
use uuid::Uuid;

/// Tells the time, makes ids and throws dice.
pub trait Clock: Debug + Send + Sync {
    /// The time, cut to the microseconds that the databases keep.
    fn now(&self) -> Timestamp;

    /// A new id (UUID version 7, RFC 9562): ids made later sort later.
    fn new_id(&self) -> Uuid;

    /// A number from 0 to 1, for waits that should not all end at once.
    fn chance(&self) -> f64;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // The one place that may ask the machine.
    fn now(&self) -> Timestamp {
        cut(Timestamp::now())
    }

    #[allow(clippy::disallowed_methods)] // The one place that may ask the machine.
    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }

    #[allow(clippy::disallowed_methods)] // The one place that may ask the machine.
    fn chance(&self) -> f64 {
        rand::random()
    }
}

/// Cuts what the databases do not keep, so that a time that was stored and read is the same time.
fn cut(time: Timestamp) -> Timestamp {
    // Rounding fails only at the ends of jiff's range, in the years -9999 and 9999.
    let round = jiff::TimestampRound::new()
        .smallest(Unit::Microsecond)
        .mode(jiff::RoundMode::Floor);
    time.round(round).unwrap_or(time)
}
