//! Amounts: parsing, printing and checked arithmetic.

use std::fmt;

use crate::Currency;

/// An exact amount: a count of minor units of one currency.
///
/// Two amounts are equal when both their currency and their count are.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// Why a text is not an amount of a currency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseAmountError {
    /// Not digits with at most one decimal point between them.
    #[error("is not a decimal number such as 12.15")]
    Malformed,
    /// More digits after the point than the currency has.
    #[error("has more than the {allowed} decimal places that {currency} has")]
    TooPrecise {
        /// How many digits the currency has after the point.
        allowed: u32,
        /// The currency.
        currency: Currency,
    },
    /// More minor units than can be counted in 64 bits.
    #[error("is too large")]
    TooLarge,
}

/// Two amounts of different currencies do not add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} and {1} do not add up: they are different currencies")]
pub struct CurrencyMismatch(pub Currency, pub Currency);

/// A sum or difference that cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyOverflow {
    /// See [`CurrencyMismatch`].
    #[error(transparent)]
    Mismatch(#[from] CurrencyMismatch),
    /// The result has more minor units than can be counted in 64 bits.
    #[error("the result is too large to count")]
    TooLarge,
}

impl Money {
    /// `minor` minor units of `currency`: 1215 of EUR are 12.15 EUR.
    #[must_use]
    pub const fn from_minor(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Reads a plain decimal such as `12.15`, `-3` or `0.5`, exactly.
    ///
    /// # Errors
    /// [`ParseAmountError`] when the text is no plain decimal (no exponent, no `+`, no separators,
    /// a digit on both sides of the point), is more precise than the currency, or is too large.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, ParseAmountError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((whole, fraction)) if all_digits(fraction) => (whole, fraction),
            Some(_) => return Err(ParseAmountError::Malformed),
            None => (digits, ""),
        };
        if !all_digits(whole) {
            return Err(ParseAmountError::Malformed);
        }
        let allowed = currency.exponent();
        let missing = (allowed as usize)
            .checked_sub(fraction.len())
            .ok_or(ParseAmountError::TooPrecise { allowed, currency })?;
        let digits = whole
            .bytes()
            .chain(fraction.bytes())
            .chain(std::iter::repeat_n(b'0', missing));
        let minor = count(digits, negative).ok_or(ParseAmountError::TooLarge)?;
        Ok(Self { minor, currency })
    }

    /// Reads a number as JSON writes it, exactly: `12.15`, but also `12.150`, `100.0` and `1.2e3`,
    /// which are other ways to write what the currency has digits for.
    ///
    /// # Errors
    /// As [`Money::parse`]; an exponent beyond 30 is malformed.
    pub fn parse_json_number(text: &str, currency: Currency) -> Result<Self, ParseAmountError> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (text, 0),
        };
        let (sign, digits) = mantissa
            .strip_prefix('-')
            .map_or(("", mantissa), |digits| ("-", digits));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        if !all_digits(whole) || !all_digits(fraction) {
            return Err(ParseAmountError::Malformed);
        }
        let zeros = "0".repeat(exponent.unsigned_abs());
        let (whole, fraction) = if exponent < 0 {
            let all = format!("{zeros}{whole}");
            let (whole, moved) = all.split_at(all.len() - zeros.len());
            (whole.to_owned(), format!("{moved}{fraction}"))
        } else {
            let all = format!("{fraction}{zeros}");
            let (moved, fraction) = all.split_at(zeros.len());
            (format!("{whole}{moved}"), fraction.to_owned())
        };
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        let whole = if whole.is_empty() { "0" } else { &whole };
        Self::parse(&format!("{sign}{whole}{point}{fraction}"), currency)
    }

    /// The count of minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether there is something to pay: more than zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.minor > 0
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyOverflow`] when the currencies differ or the sum is too large.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyOverflow> {
        self.combine(other, i64::checked_add)
    }

    /// The difference.
    ///
    /// # Errors
    /// [`MoneyOverflow`] when the currencies differ or the difference is too large.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyOverflow> {
        self.combine(other, i64::checked_sub)
    }

    fn combine(
        self,
        other: Self,
        with: fn(i64, i64) -> Option<i64>,
    ) -> Result<Self, MoneyOverflow> {
        if self.currency != other.currency {
            return Err(CurrencyMismatch(self.currency, other.currency).into());
        }
        let minor = with(self.minor, other.minor).ok_or(MoneyOverflow::TooLarge)?;
        Ok(Self {
            minor,
            currency: self.currency,
        })
    }

    /// The amount with all the digits of its currency, without the currency: `12.10`.
    #[must_use]
    pub fn to_decimal(self) -> String {
        let digits = self.currency.exponent() as usize;
        let sign = if self.minor < 0 { "-" } else { "" };
        let count = self.minor.unsigned_abs().to_string();
        if digits == 0 {
            return format!("{sign}{count}");
        }
        let padded = format!("{count:0>width$}", width = digits + 1);
        let (whole, fraction) = padded.split_at(padded.len() - digits);
        format!("{sign}{whole}.{fraction}")
    }

    /// The amount as the shortest decimal that has its value: `12.1`, `12`.
    #[must_use]
    pub fn to_shortest_decimal(self) -> String {
        let decimal = self.to_decimal();
        if !decimal.contains('.') {
            return decimal;
        }
        decimal
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned()
    }
}

/// The largest exponent that an amount is written with; more would only make long zeros.
const MAX_EXPONENT: usize = 30;

fn parse_exponent(text: &str) -> Result<isize, ParseAmountError> {
    let exponent: isize = text.parse().map_err(|_| ParseAmountError::Malformed)?;
    if exponent.unsigned_abs() > MAX_EXPONENT {
        return Err(ParseAmountError::Malformed);
    }
    Ok(exponent)
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Counts towards the sign, so that the smallest number of 64 bits can be read too.
fn count(digits: impl Iterator<Item = u8>, negative: bool) -> Option<i64> {
    digits.into_iter().try_fold(0_i64, |count, digit| {
        let digit = i64::from(digit - b'0');
        let tenfold = count.checked_mul(10)?;
        if negative {
            tenfold.checked_sub(digit)
        } else {
            tenfold.checked_add(digit)
        }
    })
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.to_decimal(), self.currency)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    fn parse(text: &str, code: &str) -> Result<i64, ParseAmountError> {
        Money::parse(text, currency(code)).map(Money::minor)
    }

    #[test]
    fn decimals_are_read_exactly() {
        assert_eq!(parse("12.15", "EUR"), Ok(1215));
        assert_eq!(parse("0.1", "EUR"), Ok(10));
        assert_eq!(parse("-3", "EUR"), Ok(-300));
        assert_eq!(parse("66", "JPY"), Ok(66));
        assert_eq!(parse("1.234", "KWD"), Ok(1234));
    }

    #[test]
    fn what_is_no_plain_decimal_is_malformed() {
        for text in [
            "", "-", ".", "1.", ".5", "+1", "1e2", "1,5", " 1", "1 ", "--1", "1.2.3", "0x1", "١",
            "NaN",
        ] {
            assert_eq!(
                parse(text, "EUR"),
                Err(ParseAmountError::Malformed),
                "{text:?}"
            );
        }
    }

    #[test]
    fn the_ways_in_which_json_writes_a_number_are_read_exactly() {
        let read = |text, code| Money::parse_json_number(text, currency(code)).map(Money::minor);
        for (text, code, minor) in [
            ("12.15", "EUR", 1215),
            ("12.150", "EUR", 1215),
            ("100.0", "JPY", 100),
            ("1e1", "EUR", 1000),
            ("1.215e1", "EUR", 1215),
            ("1215E-2", "EUR", 1215),
            ("5e-2", "EUR", 5),
            ("-1.5E+1", "EUR", -1500),
            ("0", "EUR", 0),
        ] {
            assert_eq!(read(text, code), Ok(minor), "{text}");
        }
        for text in [
            "1e31",
            "1e",
            "e1",
            "1e1e1",
            "1.e1",
            "",
            "-",
            "\"1\"",
            "null",
            "1e99999999999999999999",
        ] {
            assert_eq!(
                read(text, "EUR"),
                Err(ParseAmountError::Malformed),
                "{text}"
            );
        }
        assert!(matches!(
            read("1e-3", "EUR"),
            Err(ParseAmountError::TooPrecise { .. })
        ));
        assert_eq!(read("1e30", "EUR"), Err(ParseAmountError::TooLarge));
    }

    #[test]
    fn digits_that_the_currency_does_not_have_are_refused() {
        assert!(matches!(
            parse("12.155", "EUR"),
            Err(ParseAmountError::TooPrecise { allowed: 2, .. })
        ));
        assert!(matches!(
            parse("1.0", "JPY"),
            Err(ParseAmountError::TooPrecise { allowed: 0, .. })
        ));
    }

    #[test]
    fn numbers_beyond_64_bits_are_too_large() {
        assert_eq!(parse("92233720368547758.07", "EUR"), Ok(i64::MAX));
        assert_eq!(parse("-92233720368547758.08", "EUR"), Ok(i64::MIN));
        assert_eq!(
            parse("92233720368547758.08", "EUR"),
            Err(ParseAmountError::TooLarge)
        );
        assert_eq!(
            parse(&"9".repeat(100_000), "EUR"),
            Err(ParseAmountError::TooLarge)
        );
    }

    #[test]
    fn the_shortest_decimal_keeps_no_needless_zeros() {
        let shortest = |minor, code| Money::from_minor(minor, currency(code)).to_shortest_decimal();
        assert_eq!(shortest(1215, "EUR"), "12.15");
        assert_eq!(shortest(1210, "EUR"), "12.1");
        assert_eq!(shortest(1200, "EUR"), "12");
        assert_eq!(shortest(100, "JPY"), "100");
    }

    #[test]
    fn different_currencies_do_not_add_up() {
        let (euro, krone) = (currency("EUR"), currency("DKK"));
        let sum = Money::from_minor(1, euro).checked_add(Money::from_minor(1, krone));
        assert_eq!(sum, Err(CurrencyMismatch(euro, krone).into()));
    }

    #[test]
    fn arithmetic_never_wraps() {
        let most = Money::from_minor(i64::MAX, currency("EUR"));
        let least = Money::from_minor(i64::MIN, currency("EUR"));
        let cent = Money::from_minor(1, currency("EUR"));
        assert_eq!(most.checked_add(cent), Err(MoneyOverflow::TooLarge));
        assert_eq!(least.checked_sub(cent), Err(MoneyOverflow::TooLarge));
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(minor: i64, code in prop::sample::select(vec!["EUR", "JPY", "KWD", "CLF", "XTS"])) {
            let money = Money::from_minor(minor, currency(code));
            prop_assert_eq!(Money::parse(&money.to_decimal(), money.currency()), Ok(money));
            prop_assert_eq!(Money::parse(&money.to_shortest_decimal(), money.currency()), Ok(money));
            prop_assert_eq!(Money::parse_json_number(&money.to_shortest_decimal(), money.currency()), Ok(money));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text: String) {
            let _ = Money::parse(&text, currency("EUR"));
            let _ = Money::parse_json_number(&text, currency("EUR"));
        }
    }
}
