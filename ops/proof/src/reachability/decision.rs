use super::ports::PortSet;

/// Whether one place reaches another, on which ports, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// No policy has a say, for this reason.
    Always(&'static str),
    /// The one has to let it out, the other has to let it in.
    Both {
        /// What lets it out.
        out: Side,
        /// What lets it in.
        into: Side,
    },
}

/// What one of the two directions allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    /// No policy governs this direction there, so everything passes.
    Ungoverned,
    /// What no rule of these policies allows is refused.
    Governed {
        /// The policies, as `namespace/name`.
        policies: Vec<String>,
        /// The rules that allow something.
        rules: Vec<Allowance>,
    },
}

/// What one rule of one policy allows between the two places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// The policy, as `namespace/name`.
    pub policy: String,
    /// Which of its rules for the direction, counted from one.
    pub rule: usize,
    /// On which ports.
    pub ports: PortSet,
    /// The blocks of addresses that the other may lie in, when it is only by them that the rule applies.
    pub by_address: Option<String>,
}

impl Decision {
    /// The ports on which the one reaches the other.
    #[must_use]
    pub fn ports(&self) -> PortSet {
        match self {
            Self::Always(_) => PortSet::every(),
            Self::Both { out, into } => out.ports().intersection(&into.ports()),
        }
    }

    /// What the sender's policies let out and the receiver's do not let in.
    #[must_use]
    pub fn let_out_alone(&self) -> PortSet {
        match self {
            Self::Both {
                out: out @ Side::Governed { .. },
                into: into @ Side::Governed { .. },
            } => out.ports().difference(&into.ports()),
            _ => PortSet::default(),
        }
    }

    /// What the receiver's policies let in and the sender's do not let out.
    #[must_use]
    pub fn let_in_alone(&self) -> PortSet {
        match self {
            Self::Both {
                out: out @ Side::Governed { .. },
                into: into @ Side::Governed { .. },
            } => into.ports().difference(&out.ports()),
            _ => PortSet::default(),
        }
    }
}

impl Side {
    /// The ports that pass in this direction.
    #[must_use]
    pub fn ports(&self) -> PortSet {
        match self {
            Self::Ungoverned => PortSet::every(),
            Self::Governed { rules, .. } => rules
                .iter()
                .fold(PortSet::default(), |all, rule| all.union(&rule.ports)),
        }
    }

    /// The policies whose rules allow one of these ports, each once, in order.
    #[must_use]
    pub fn policies_for(&self, ports: &PortSet) -> Vec<&str> {
        let Self::Governed { rules, .. } = self else {
            return Vec::new();
        };
        let mut found: Vec<&str> = rules
            .iter()
            .filter(|rule| !rule.ports.intersection(ports).is_empty())
            .map(|rule| rule.policy.as_str())
            .collect();
        found.dedup();
        found
    }
}
