//! An invoice and the changes of its state.

use jiff::Timestamp;
use money::Money;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Where an invoice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum InvoiceState {
    /// Being written; not asked for yet.
    Draft,
    /// Asked for, and not paid.
    Open,
    /// Paid in full.
    Paid,
    /// Withdrawn.
    Void,
    /// Given up, though a late payment is still taken.
    Uncollectible,
}

/// What can happen to an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvoiceEvent {
    /// It is sent out.
    Open,
    /// A payment of its whole amount succeeded.
    Pay,
    /// It is withdrawn.
    Void,
    /// It is given up.
    GiveUp,
}

/// A change that an invoice in this state does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an invoice that is {} does not become {}", .state.name(), .event.target().name())]
pub struct IllegalInvoiceChange {
    /// The state it is in.
    pub state: InvoiceState,
    /// What was to happen.
    pub event: InvoiceEvent,
}

impl InvoiceEvent {
    /// The state it leads to.
    #[must_use]
    pub const fn target(self) -> InvoiceState {
        match self {
            Self::Open => InvoiceState::Open,
            Self::Pay => InvoiceState::Paid,
            Self::Void => InvoiceState::Void,
            Self::GiveUp => InvoiceState::Uncollectible,
        }
    }
}

impl InvoiceState {
    /// All states.
    pub const ALL: [Self; 5] = [
        Self::Draft,
        Self::Open,
        Self::Paid,
        Self::Void,
        Self::Uncollectible,
    ];

    /// Its name, in the database and for clients.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Paid => "paid",
            Self::Void => "void",
            Self::Uncollectible => "uncollectible",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// The state after `event`.
    ///
    /// # Errors
    /// [`IllegalInvoiceChange`] when it does not take that event.
    pub const fn after(self, event: InvoiceEvent) -> Result<Self, IllegalInvoiceChange> {
        use InvoiceEvent as Event;
        match (self, event) {
            (Self::Draft, Event::Open)
            | (Self::Open, Event::Pay | Event::Void | Event::GiveUp)
            | (Self::Uncollectible, Event::Pay) => Ok(event.target()),
            (Self::Draft, Event::Pay | Event::Void | Event::GiveUp)
            | (Self::Open, Event::Open)
            | (Self::Paid | Self::Void, _)
            | (Self::Uncollectible, Event::Open | Event::Void | Event::GiveUp) => {
                Err(IllegalInvoiceChange { state: self, event })
            }
        }
    }
}

/// An invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// Its id.
    pub id: Uuid,
    /// The number that people read, such as `I1`.
    pub number: String,
    /// How much is asked for: more than zero.
    pub amount: Money,
    /// Where it stands.
    pub state: InvoiceState,
    /// Counts its changes.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: [InvoiceEvent; 4] = [
        InvoiceEvent::Open,
        InvoiceEvent::Pay,
        InvoiceEvent::Void,
        InvoiceEvent::GiveUp,
    ];

    #[test]
    fn these_changes_and_no_others_are_legal() {
        let legal: Vec<_> = InvoiceState::ALL
            .into_iter()
            .flat_map(|state| EVENTS.map(|event| (state, state.after(event))))
            .filter_map(|(from, to)| Some(format!("{} -> {}", from.name(), to.ok()?.name())))
            .collect();
        let expected = [
            "draft -> open",
            "open -> paid",
            "open -> void",
            "open -> uncollectible",
            "uncollectible -> paid",
        ];
        assert_eq!(legal, expected);
    }

    #[test]
    fn an_illegal_change_says_what_it_is() {
        let error = InvoiceState::Paid.after(InvoiceEvent::Void).unwrap_err();
        assert_eq!(
            error.to_string(),
            "an invoice that is paid does not become void"
        );
    }

    #[test]
    fn every_state_is_found_by_its_name() {
        for state in InvoiceState::ALL {
            assert_eq!(InvoiceState::named(state.name()), Some(state));
        }
        assert_eq!(InvoiceState::named("lost"), None);
    }
}
