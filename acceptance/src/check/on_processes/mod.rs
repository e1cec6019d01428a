//! The checks of a deployment as two processes of this machine.

mod kill;
mod provider_away;
mod ready;
mod restart;
mod world;

pub(crate) use world::ProcessWorld;

use super::{Check, paying, wrong_input};
use crate::chaos;

/// What `acceptance chaos` runs in place of the checks.
pub(crate) const CHAOS: &[Check<ProcessWorld>] = &[Check {
    name: "chaos",
    about: "under load, both services are killed, paused and restarted; no payment is lost or made twice",
    looks_on: false,
    run: |world| Box::pin(chaos::survived(world)),
}];

/// In the order in which they run.
pub(crate) const CHECKS: &[Check<ProcessWorld>] = &[
    Check {
        name: "services-ready",
        about: "both processes run, are alive and ready",
        looks_on: false,
        run: |world| Box::pin(ready::both(world)),
    },
    Check {
        name: "unpaid-then-paid",
        about: "invoices are shown as unpaid, then paid, then shown as paid",
        looks_on: false,
        run: |world| Box::pin(paying::unpaid_then_paid(world)),
    },
    Check {
        name: "paying-again-charges-nothing",
        about: "what is paid is not charged again; each invoice has one charge with its amount",
        looks_on: false,
        run: |world| Box::pin(paying::again_charges_nothing(world)),
    },
    Check {
        name: "same-moment-pays-once",
        about: "several requests at once to pay the same invoices pay each once",
        looks_on: false,
        run: |world| Box::pin(paying::same_moment_pays_once(world)),
    },
    Check {
        name: "wrong-input",
        about: "wrong input on every route gets a 4xx problem that names the field",
        looks_on: false,
        run: |world| Box::pin(wrong_input::every_route_names_the_field(world)),
    },
    Check {
        name: "restart-loses-nothing",
        about: "both processes are restarted and know what they knew",
        looks_on: false,
        run: |world| Box::pin(restart::loses_nothing(world)),
    },
    Check {
        name: "kill-between-dispatch-and-answer",
        about: "invoice-app is killed while payment-provider is asked; the invoice is paid once all the same",
        looks_on: false,
        run: |world| Box::pin(kill::between_dispatch_and_answer(world)),
    },
    Check {
        name: "provider-away",
        about: "with payment-provider stopped invoices stay unpaid and callers are told; back again, paid once",
        looks_on: false,
        run: |world| Box::pin(provider_away::leaves_invoices_unpaid(world)),
    },
];
