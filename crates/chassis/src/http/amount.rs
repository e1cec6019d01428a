//! Amounts of money in requests.

use money::{Currency, Money, UnknownCurrency};

use crate::problem::Problem;

/// An amount above zero from the fields `amount` and `currency` of a request.
///
/// # Errors
/// A problem that names the field: the currency is not known, or the amount is no decimal, too
/// precise for its currency, too large, or not above zero.
pub fn parse_amount(amount: &str, currency: &str) -> Result<Money, Problem> {
    let unknown = |error: UnknownCurrency| Problem::field("currency", error.to_string());
    let currency: Currency = currency.parse().map_err(unknown)?;
    let amount = Money::parse(amount, currency)
        .map_err(|error| Problem::field("amount", error.to_string()))?;
    if !amount.is_positive() {
        return Err(Problem::field("amount", "must be more than zero"));
    }
    Ok(amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_names_its_field() {
        let mistake = |amount, currency| parse_amount(amount, currency).unwrap_err().to_string();
        assert!(mistake("1", "EURO").contains("currency is not the ISO 4217 code"));
        assert!(
            mistake("1.005", "EUR")
                .contains("amount has more than the 2 decimal places that EUR has")
        );
        assert!(mistake("-1", "EUR").contains("amount must be more than zero"));
        assert!(mistake("0", "EUR").contains("amount must be more than zero"));
        assert!(mistake("1e9", "EUR").contains("amount is not a decimal number"));
        assert!(mistake(&"9".repeat(30), "EUR").contains("amount is too large"));
    }
}
