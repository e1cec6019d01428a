//! A duration as people type it.

use std::time::Duration;

/// Reads `500ms`, `30s` or `2m`.
///
/// # Errors
/// A sentence that names the accepted forms.
pub fn parse(text: &str) -> Result<Duration, String> {
    let unit = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit);
    let refused = || format!("`{text}` is not a duration like 500ms, 30s or 2m");
    let number: u64 = number.parse().map_err(|_| refused())?;
    match unit {
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        "m" => number
            .checked_mul(60)
            .map(Duration::from_secs)
            .ok_or_else(refused),
        _ => Err(refused()),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use std::time::Duration;

    #[test]
    fn durations_are_read_with_their_unit() {
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse("2m"), Ok(Duration::from_mins(2)));
    }

    #[test]
    fn a_number_without_a_unit_is_refused() {
        for text in [
            "30",
            "s",
            "",
            "-1s",
            "1h",
            "99999999999999999999s",
            "999999999999999999m",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
