//! An attempt to charge an invoice, and the changes of its state.

use std::time::Duration;

use jiff::Timestamp;
use money::Money;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::provider::Outcome;

/// Where an attempt stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PaymentState {
    /// Written down, nothing sent.
    Prepared,
    /// About to be sent, or sent: from here on it may have been charged.
    Dispatched,
    /// Charged.
    Succeeded,
    /// Not charged, and never will be.
    Declined,
    /// Sent without an answer that tells. It will be sent again under the same id.
    Unknown,
    /// Given up before anything was sent.
    Cancelled,
    /// Given up for good: payment-provider refuses its id for ever.
    Fenced,
}

/// What can happen to an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentEvent {
    /// It is about to be sent.
    Dispatch,
    /// It is given up before it is sent.
    Cancel,
    /// The answer says: charged.
    Succeed,
    /// The answer says: not charged.
    Decline,
    /// There is no answer that tells.
    LoseTrack,
    /// The answer says: refused for ever.
    Fence,
}

/// A change that an attempt in this state does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a payment that is {} does not take the event {event:?}", .state.name())]
pub struct IllegalPaymentChange {
    /// The state it is in.
    pub state: PaymentState,
    /// What was to happen.
    pub event: PaymentEvent,
}

impl PaymentState {
    /// All states.
    pub const ALL: [Self; 7] = [
        Self::Prepared,
        Self::Dispatched,
        Self::Succeeded,
        Self::Declined,
        Self::Unknown,
        Self::Cancelled,
        Self::Fenced,
    ];

    /// Its name, in the database and for clients.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Dispatched => "dispatched",
            Self::Succeeded => "succeeded",
            Self::Declined => "declined",
            Self::Unknown => "unknown",
            Self::Cancelled => "cancelled",
            Self::Fenced => "fenced",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether it can still change. An invoice has one such attempt at most.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Prepared | Self::Dispatched | Self::Unknown)
    }

    /// The state after `event`.
    ///
    /// # Errors
    /// [`IllegalPaymentChange`] when it does not take that event.
    pub const fn after(self, event: PaymentEvent) -> Result<Self, IllegalPaymentChange> {
        use PaymentEvent as Event;
        match (self, event) {
            (Self::Prepared, Event::Dispatch) => Ok(Self::Dispatched),
            (Self::Prepared, Event::Cancel) => Ok(Self::Cancelled),
            (Self::Dispatched | Self::Unknown, Event::Succeed) => Ok(Self::Succeeded),
            (Self::Dispatched | Self::Unknown, Event::Decline) => Ok(Self::Declined),
            (Self::Dispatched | Self::Unknown, Event::LoseTrack) => Ok(Self::Unknown),
            (Self::Unknown, Event::Fence) => Ok(Self::Fenced),
            (Self::Prepared, Event::Succeed | Event::Decline | Event::LoseTrack | Event::Fence)
            | (Self::Dispatched, Event::Dispatch | Event::Cancel | Event::Fence)
            | (Self::Unknown, Event::Dispatch | Event::Cancel)
            | (Self::Succeeded | Self::Declined | Self::Cancelled | Self::Fenced, _) => {
                Err(IllegalPaymentChange { state: self, event })
            }
        }
    }
}

/// An attempt to charge an invoice. Its amount is frozen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The attempt id: payment-provider charges each one at most once.
    pub id: Uuid,
    /// The invoice.
    pub invoice_id: Uuid,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub state: PaymentState,
    /// Why it was declined, or why its outcome is not known.
    pub reason: Option<String>,
    /// How often it was sent.
    pub tries: u32,
    /// From when on any replica may take it up; `None` once it is final.
    pub due_at: Option<Timestamp>,
    /// Counts its changes.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Payment {
    /// An attempt that nothing was sent of yet.
    #[must_use]
    pub fn prepared(
        id: Uuid,
        invoice_id: Uuid,
        amount: Money,
        now: Timestamp,
        lease: Duration,
    ) -> Self {
        Self {
            id,
            invoice_id,
            amount,
            state: PaymentState::Prepared,
            reason: None,
            tries: 0,
            due_at: Some(later(now, lease)),
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The attempt as it is written down before it is sent, now or once more. Until `lease` is over
    /// no other replica takes it up.
    ///
    /// # Errors
    /// [`IllegalPaymentChange`] when it is final.
    pub fn taken_up(&self, now: Timestamp, lease: Duration) -> Result<Self, IllegalPaymentChange> {
        let state = match self.state {
            PaymentState::Dispatched | PaymentState::Unknown => self.state,
            state => state.after(PaymentEvent::Dispatch)?,
        };
        let tries = self.tries.saturating_add(1);
        Ok(Self {
            state,
            tries,
            due_at: Some(later(now, lease)),
            ..self.changed(now)
        })
    }

    /// The attempt after an answer, or the lack of one, after which it rests for `pause`.
    ///
    /// # Errors
    /// [`IllegalPaymentChange`] when it is final, or was never sent.
    pub fn concluded(
        &self,
        outcome: &Outcome,
        now: Timestamp,
        pause: Duration,
    ) -> Result<Self, IllegalPaymentChange> {
        let (event, reason) = match outcome {
            Outcome::Succeeded => (PaymentEvent::Succeed, None),
            Outcome::Declined { reason } => (PaymentEvent::Decline, reason.clone()),
            Outcome::Unknown { why } => (PaymentEvent::LoseTrack, Some(why.to_string())),
        };
        let state = self.state.after(event)?;
        let due_at = state.is_live().then(|| later(now, pause));
        Ok(Self {
            state,
            reason,
            due_at,
            ..self.changed(now)
        })
    }

    fn changed(&self, now: Timestamp) -> Self {
        Self {
            version: self.version + 1,
            updated_at: now,
            ..self.clone()
        }
    }

    /// Whether nobody is sending it at the moment: it rests after an unknown outcome, or whoever
    /// had it is gone.
    #[must_use]
    pub fn is_idle(&self, now: Timestamp) -> bool {
        self.state == PaymentState::Unknown || self.due_at.is_some_and(|due| due <= now)
    }
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    // Only a clock at the end of jiff's range, in the year 9999, has nothing later.
    now.saturating_add(jiff::SignedDuration::try_from(by).unwrap_or_default())
        .unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payment::provider::UnknownWhy;

    const EVENTS: [PaymentEvent; 6] = [
        PaymentEvent::Dispatch,
        PaymentEvent::Cancel,
        PaymentEvent::Succeed,
        PaymentEvent::Decline,
        PaymentEvent::LoseTrack,
        PaymentEvent::Fence,
    ];

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn a_prepared_payment() -> Payment {
        let amount = Money::from_minor(1215, "EUR".parse().unwrap());
        Payment::prepared(
            Uuid::from_u128(1),
            Uuid::from_u128(2),
            amount,
            at(0),
            Duration::from_secs(7),
        )
    }

    fn unknown() -> Outcome {
        Outcome::Unknown {
            why: UnknownWhy::NoAnswer,
        }
    }

    #[test]
    fn these_changes_and_no_others_are_legal() {
        let legal: Vec<_> = PaymentState::ALL
            .into_iter()
            .flat_map(|state| EVENTS.map(|event| (state, state.after(event))))
            .filter_map(|(from, to)| Some(format!("{} -> {}", from.name(), to.ok()?.name())))
            .collect();
        let expected = [
            "prepared -> dispatched",
            "prepared -> cancelled",
            "dispatched -> succeeded",
            "dispatched -> declined",
            "dispatched -> unknown",
            "unknown -> succeeded",
            "unknown -> declined",
            "unknown -> unknown",
            "unknown -> fenced",
        ];
        assert_eq!(legal, expected);
    }

    #[test]
    fn what_is_final_never_changes() {
        let final_states = PaymentState::ALL
            .into_iter()
            .filter(|state| !state.is_live());
        for state in final_states {
            assert!(
                EVENTS.into_iter().all(|event| state.after(event).is_err()),
                "{}",
                state.name()
            );
        }
    }

    #[test]
    fn an_attempt_keeps_its_id_and_amount_through_every_repetition() {
        let mut payment = a_prepared_payment();
        for second in 1..5 {
            payment = payment
                .taken_up(at(second), Duration::from_secs(7))
                .unwrap();
            payment = payment
                .concluded(&unknown(), at(second), Duration::from_secs(1))
                .unwrap();
        }
        let done = payment
            .concluded(&Outcome::Succeeded, at(9), Duration::ZERO)
            .unwrap();
        assert_eq!(
            (done.id, done.amount, done.tries),
            (Uuid::from_u128(1), a_prepared_payment().amount, 4)
        );
        assert_eq!(
            (done.state, done.due_at, done.reason),
            (PaymentState::Succeeded, None, None)
        );
    }

    #[test]
    fn an_attempt_is_idle_when_it_rests_or_its_owner_is_gone() {
        let dispatched = a_prepared_payment()
            .taken_up(at(10), Duration::from_secs(7))
            .unwrap();
        assert!(!dispatched.is_idle(at(16)));
        assert!(dispatched.is_idle(at(17)));
        let resting = dispatched
            .concluded(&unknown(), at(11), Duration::from_mins(1))
            .unwrap();
        assert!(resting.is_idle(at(11)));
        let done = resting
            .concluded(&Outcome::Succeeded, at(12), Duration::ZERO)
            .unwrap();
        assert!(!done.is_idle(at(99)));
    }

    #[test]
    fn nothing_is_concluded_that_was_not_sent() {
        assert!(
            a_prepared_payment()
                .concluded(&Outcome::Succeeded, at(1), Duration::ZERO)
                .is_err()
        );
    }
}
