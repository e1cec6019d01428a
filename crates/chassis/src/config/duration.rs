//! Spans of time as people type them.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

/// A span of time, typed with its unit: `500ms`, `2s`, `1m 30s`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Duration(std::time::Duration);

impl Duration {
    /// The standard library's form of it.
    #[must_use]
    pub const fn get(self) -> std::time::Duration {
        self.0
    }
}

/// A span of time that is longer than nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NonZeroDuration(Duration);

impl NonZeroDuration {
    /// The standard library's form of it.
    #[must_use]
    pub const fn get(self) -> std::time::Duration {
        self.0.get()
    }
}

/// Whoever types more has mistaken the unit.
const LONGEST: std::time::Duration = std::time::Duration::from_hours(24);

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong =
            || de::Error::custom("it must be a time with its unit, such as 500ms, 2s or 5m");
        let span: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
        let span = std::time::Duration::try_from(span).map_err(|_| wrong())?;
        if span > LONGEST {
            return Err(de::Error::custom("it must be a day or less"));
        }
        Ok(Self(span))
    }
}

impl<'de> Deserialize<'de> for NonZeroDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let duration = Duration::deserialize(deserializer)?;
        if duration.get().is_zero() {
            return Err(de::Error::custom("it must be more than nothing"));
        }
        Ok(Self(duration))
    }
}

impl fmt::Debug for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<std::time::Duration> {
        serde_json::from_value::<Duration>(text.into())
            .ok()
            .map(Duration::get)
    }

    #[test]
    fn times_are_typed_with_their_unit() {
        assert_eq!(parse("500ms"), Some(std::time::Duration::from_millis(500)));
        assert_eq!(parse("1m 30s"), Some(std::time::Duration::from_secs(90)));
        assert_eq!(parse("0s"), Some(std::time::Duration::ZERO));
    }

    #[test]
    fn what_must_be_more_than_nothing_is_not_nothing() {
        let parse = |text: &str| serde_json::from_value::<NonZeroDuration>(text.into()).ok();
        assert_eq!(parse("0s"), None);
        assert_eq!(
            parse("1ms").map(NonZeroDuration::get),
            Some(std::time::Duration::from_millis(1))
        );
    }

    #[test]
    fn without_a_unit_or_below_zero_is_wrong() {
        for text in ["5", "-2s", "soon", "", "25h", "2562047788015215h"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
