//! Where settings are read from.

use std::collections::HashMap;

/// The variables that are set, and the defaults that a program has of its own.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    set: HashMap<String, String>,
    program_defaults: &'static [(&'static str, &'static str)],
}

impl Environment {
    /// The environment of this process. Variables that are not UTF-8 are left out.
    #[must_use]
    pub fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self {
            set: std::env::vars_os().filter_map(text).collect(),
            program_defaults: &[],
        }
    }

    /// These variables and no others.
    pub fn of<const N: usize>(variables: [(&str, &str); N]) -> Self {
        let set = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            set: set.into(),
            program_defaults: &[],
        }
    }

    /// The same with defaults that stand before those of the variables' declarations.
    #[must_use]
    pub fn with_defaults(mut self, defaults: &'static [(&'static str, &'static str)]) -> Self {
        self.program_defaults = defaults;
        self
    }

    /// The variable's value; an empty one counts as not set, as OpenTelemetry has it.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.set
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The program's own default of the variable.
    pub(super) fn program_default(&self, name: &str) -> Option<&'static str> {
        self.program_defaults
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| *value)
    }
}
