//! Amounts of money, exact to the last minor unit.
//!
//! [`Money`] is a count of minor units (cents) together with its [`Currency`]; it is read from and
//! printed as a decimal without ever passing through a float.

mod amount;
mod currency;

pub use amount::{CurrencyMismatch, Money, MoneyOverflow, ParseAmountError};
pub use currency::{Currency, UnknownCurrency};
