//! Configuration: environment variables only, one flat struct for each concern.
//!
//! A struct is declared with [`settings!`](crate::settings): each field is one variable with its
//! default and its meaning, so that the struct is the documentation. [`help`] prints them all.

mod duration;
mod environment;
mod help;
mod order;
mod secret;
mod settings;

pub use duration::{Duration, NonZeroDuration};
pub use environment::Environment;
pub use help::help;
pub use order::{OutOfOrder, in_order};
pub use secret::Secret;
pub use settings::{Settings, read_variable};

/// One environment variable that a service reads.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// The field that holds it: the variable's name in lower case.
    pub field: &'static str,
    /// What it is when it is not set; `None`: it must be set, or may be left out.
    pub default: Option<&'static str>,
    /// Whether it may be left out.
    pub optional: bool,
    /// What it means, in lines.
    pub meaning: &'static [&'static str],
}

impl Variable {
    /// The variable's name, such as `LISTEN_ADDRESS`.
    #[must_use]
    pub fn name(&self) -> String {
        self.field.to_ascii_uppercase()
    }

    /// What it means, in one line without the marks of documentation.
    #[must_use]
    pub fn sentence(&self) -> String {
        self.meaning
            .iter()
            .map(|line| line.trim())
            .collect::<Vec<_>>()
            .join(" ")
            .replace('`', "")
    }
}

/// A variable that is missing or wrong. The message names it and never repeats its value, which
/// may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} {wrong}. It means: {meaning}")]
pub struct ConfigError {
    /// The variable's name.
    pub name: String,
    /// What is wrong with it.
    pub wrong: String,
    /// What it is for.
    pub meaning: String,
}
