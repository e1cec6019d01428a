//! Settings that only make sense together.

use std::time::Duration;

/// Two times in the wrong order.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{shorter} must be shorter than {longer}; they are {} s and {} s now",
    .times.0.as_secs_f64(),
    .times.1.as_secs_f64()
)]
pub struct OutOfOrder {
    shorter: &'static str,
    longer: &'static str,
    times: (Duration, Duration),
}

/// Two variables with their times: the first has to be the shorter one.
///
/// # Errors
/// A sentence that names both.
pub fn in_order(
    (shorter, short): (&'static str, Duration),
    (longer, long): (&'static str, Duration),
) -> Result<(), OutOfOrder> {
    if short < long {
        return Ok(());
    }
    Err(OutOfOrder {
        shorter,
        longer,
        times: (short, long),
    })
}

#[cfg(test)]
mod tests {
    use super::{Duration, in_order};

    #[test]
    fn the_shorter_time_is_shorter() {
        let order = |short, long| {
            let [short, long] = [short, long].map(Duration::from_millis);
            in_order(("SHORT", short), ("LONG", long)).map_err(|error| error.to_string())
        };
        assert_eq!(order(999, 1000), Ok(()));
        let said = "SHORT must be shorter than LONG; they are 1 s and 1 s now";
        assert_eq!(order(1000, 1000), Err(said.to_owned()));
        let said = "SHORT must be shorter than LONG; they are 2.5 s and 1 s now";
        assert_eq!(order(2500, 1000), Err(said.to_owned()));
    }
}
