//! How long an attempt rests before it is sent again.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_mins(1);

/// Twice as long after each try, up to a minute, of which `random` (0 to 1) keeps between a half
/// and all, so that attempts that failed together do not come back together.
#[must_use]
pub fn backoff(tries: u32, random: f64) -> Duration {
    let doubled = FIRST.saturating_mul(
        1_u32
            .checked_shl(tries.saturating_sub(1))
            .unwrap_or(u32::MAX),
    );
    doubled
        .min(LONGEST)
        .mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_a_minute() {
        let seconds: Vec<_> = [1, 2, 3, 7, 8, 100, u32::MAX]
            .map(|tries| backoff(tries, 1.0).as_secs_f64())
            .into();
        assert_eq!(seconds, [0.5, 1.0, 2.0, 32.0, 60.0, 60.0, 60.0]);
    }

    #[test]
    fn chance_keeps_at_least_half_of_it() {
        assert_eq!(backoff(2, 0.0), Duration::from_millis(500));
        assert_eq!(backoff(2, 0.5), Duration::from_millis(750));
    }
}
