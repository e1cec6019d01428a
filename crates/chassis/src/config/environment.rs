//! Where settings are read from.

use std::collections::{HashMap, HashSet};

/// The variables that are set, and the defaults that a program has of its own.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    set: HashMap<String, String>,
    unreadable: HashSet<String>,
    program_defaults: &'static [(&'static str, &'static str)],
}

impl Environment {
    /// The environment of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let mut environment = Self::default();
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else {
                continue; // No variable of a program is called so.
            };
            match value.into_string() {
                Ok(value) => environment.set.insert(name, value).is_none(),
                Err(_) => environment.unreadable.insert(name),
            };
        }
        environment
    }

    /// These variables and no others.
    #[must_use]
    pub fn of<const N: usize>(variables: [(&str, &str); N]) -> Self {
        let set = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            set: set.into(),
            ..Self::default()
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

    /// Whether the variable is set to something that is not UTF-8.
    pub(super) fn is_unreadable(&self, name: &str) -> bool {
        self.unreadable.contains(name)
    }

    /// The program's own default of the variable.
    pub(super) fn program_default(&self, name: &str) -> Option<&'static str> {
        self.program_defaults
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| *value)
    }
}
