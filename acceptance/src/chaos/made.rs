//! The faults that were made, by their words.

use std::collections::BTreeMap;
use std::fmt;

/// How often each kind of fault was made.
pub(super) struct Made {
    kinds: BTreeMap<String, Times>,
}

enum Times {
    Made(u32),
    /// The deployment has not what it would strike.
    Cannot(String),
}

impl Made {
    /// These are the kinds, and there was none yet.
    pub(super) fn none_of(kinds: impl Iterator<Item = String>) -> Self {
        Self {
            kinds: kinds.map(|kind| (kind, Times::Made(0))).collect(),
        }
    }

    pub(super) fn once_more(&mut self, kind: &str) {
        let times = self.kinds.entry(kind.to_owned()).or_insert(Times::Made(0));
        if let Times::Made(count) = times {
            *count += 1;
        }
    }

    pub(super) fn cannot(&mut self, kind: &str, why: &str) {
        self.kinds
            .insert(kind.to_owned(), Times::Cannot(why.to_owned()));
    }

    pub(super) fn total(&self) -> u32 {
        let counts = self.kinds.values().map(|times| match times {
            Times::Made(count) => *count,
            Times::Cannot(_) => 0,
        });
        counts.sum()
    }

    /// The kinds that could have been made and were not.
    pub(super) fn missing(&self) -> Vec<&str> {
        let missing = self.kinds.iter();
        missing
            .filter(|(_, times)| matches!(times, Times::Made(0)))
            .map(|(kind, _)| kind.as_str())
            .collect()
    }
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = self.kinds.iter().map(|(kind, times)| match times {
            Times::Made(count) => format!("{kind} {count}x"),
            Times::Cannot(why) => format!("{kind} not: {why}"),
        });
        f.write_str(&each.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::Made;

    #[test]
    fn a_kind_that_was_not_made_is_missing_unless_there_is_nothing_to_strike() {
        let kinds = ["cut", "kill", "restart"].map(String::from);
        let mut made = Made::none_of(kinds.into_iter());
        made.once_more("kill");
        made.once_more("kill");
        made.cannot("cut", "no network");
        assert_eq!(made.missing(), ["restart"]);
        assert_eq!(made.total(), 2);
        assert_eq!(made.to_string(), "cut not: no network, kill 2x, restart 0x");
        made.once_more("restart");
        assert!(made.missing().is_empty());
    }
}
