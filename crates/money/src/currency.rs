//! Currencies by their ISO 4217 codes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A currency in which something can be paid, with the number of its minor digits from ISO 4217.
///
/// Accepted are the active codes that have a minor unit, and `XTS` ("for testing"), which is given
/// two digits. Precious metals, `XXX` and the other codes without a minor unit are refused, for
/// they have no smallest coin to count in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(iso_currency::Currency);

/// The code is not one of a currency that can be paid in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not the ISO 4217 code of a currency in which one can pay, such as EUR")]
pub struct UnknownCurrency;

impl Currency {
    /// The code of three capital letters, such as `EUR`.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many digits an amount has after the decimal point: 2 for EUR, 0 for JPY, 3 for KWD.
    #[must_use]
    pub fn exponent(self) -> u32 {
        minor_digits(self.0).unwrap_or(0)
    }
}

fn minor_digits(currency: iso_currency::Currency) -> Option<u32> {
    if currency == iso_currency::Currency::XTS {
        return Some(2);
    }
    currency.exponent().map(u32::from)
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(code: &str) -> Result<Self, UnknownCurrency> {
        let currency = iso_currency::Currency::from_code(code).ok_or(UnknownCurrency)?;
        minor_digits(currency).ok_or(UnknownCurrency)?;
        Ok(Self(currency))
    }
}

impl TryFrom<String> for Currency {
    type Error = UnknownCurrency;

    fn try_from(code: String) -> Result<Self, UnknownCurrency> {
        code.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_are_those_of_iso_4217() {
        let exponent = |code: &str| code.parse::<Currency>().unwrap().exponent();
        assert_eq!(
            ["EUR", "GBP", "DKK", "JPY", "KWD", "CLF"].map(exponent),
            [2, 2, 2, 0, 3, 4]
        );
    }

    #[test]
    fn the_testing_code_has_two_digits() {
        assert_eq!("XTS".parse::<Currency>().unwrap().exponent(), 2);
    }

    #[test]
    fn metals_no_currency_and_nonsense_are_refused() {
        for code in [
            "XAU", "XAG", "XPT", "XPD", "XXX", "XDR", "", "eur", "EURO", "E", "€", "EUR ",
        ] {
            assert_eq!(code.parse::<Currency>(), Err(UnknownCurrency), "{code:?}");
        }
    }
}
