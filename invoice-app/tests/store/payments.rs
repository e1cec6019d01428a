//! What the store promises of payments.

use std::time::Duration;

use chassis::clock::{Clock, SystemClock};
use invoice_app::invoice::{Invoice, InvoiceState};
use invoice_app::payment::{Outcome, Payment, PaymentState, PrepareError, UnknownWhy};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{LEASE, Store};

crate::contract!(
    a_prepared_payment_has_the_invoices_amount_and_is_read_back,
    an_invoice_has_one_live_payment_at_most,
    of_many_who_prepare_at_the_same_moment_one_does,
    only_an_open_invoice_is_paid,
    a_payment_that_succeeds_pays_its_invoice,
    a_payment_that_declines_leaves_its_invoice_open_for_another,
    a_change_of_what_has_changed_is_not_made,
    of_many_who_take_up_at_the_same_moment_one_does,
    due_are_live_ones_whose_time_has_come_the_longest_first,
    the_oldest_live_payment_is_known,
    attempts_are_listed_the_latest_first,
    an_unpaid_invoice_tells_what_was_said_of_its_latest_payment,
);

async fn prepare(store: &Store, invoice: &Invoice) -> Payment {
    store
        .payments
        .prepare(SystemClock.new_id(), invoice.id, SystemClock.now(), LEASE)
        .await
        .unwrap()
}

async fn change(store: &Store, before: &Payment, after: Payment) -> Payment {
    assert!(store.payments.save(before, &after).await.unwrap());
    after
}

async fn dispatch(store: &Store, payment: &Payment) -> Payment {
    change(
        store,
        payment,
        payment.taken_up(SystemClock.now(), LEASE).unwrap(),
    )
    .await
}

async fn conclude(store: &Store, payment: &Payment, outcome: Outcome) -> Payment {
    change(
        store,
        payment,
        payment
            .concluded(&outcome, SystemClock.now(), Duration::ZERO)
            .unwrap(),
    )
    .await
}

async fn state_of(store: &Store, invoice: &Invoice) -> InvoiceState {
    store.invoices.get(invoice.id).await.unwrap().unwrap().state
}

fn later(by: Duration) -> Timestamp {
    SystemClock.now() + SignedDuration::try_from(by).unwrap()
}

async fn a_prepared_payment_has_the_invoices_amount_and_is_read_back(store: Store) {
    let invoice = store.an_open_invoice().await;
    let payment = prepare(&store, &invoice).await;
    assert_eq!(
        (payment.amount, payment.state, payment.tries),
        (invoice.amount, PaymentState::Prepared, 0)
    );
    assert_eq!(
        store.payments.get(payment.id).await.unwrap(),
        Some(payment.clone())
    );
    assert_eq!(
        store.payments.live_of(invoice.id).await.unwrap(),
        Some(payment)
    );
    assert_eq!(
        store
            .invoices
            .get(invoice.id)
            .await
            .unwrap()
            .unwrap()
            .version,
        invoice.version + 1
    );
}

async fn an_invoice_has_one_live_payment_at_most(store: Store) {
    let invoice = store.an_open_invoice().await;
    let first = prepare(&store, &invoice).await;
    let first = dispatch(&store, &first).await;
    for _ in 0..2 {
        let second = store
            .payments
            .prepare(SystemClock.new_id(), invoice.id, SystemClock.now(), LEASE)
            .await;
        assert!(matches!(second, Err(PrepareError::Live)), "{second:?}");
    }
    conclude(
        &store,
        &first,
        Outcome::Unknown {
            why: UnknownWhy::TimedOut,
        },
    )
    .await;
    let third = store
        .payments
        .prepare(SystemClock.new_id(), invoice.id, SystemClock.now(), LEASE)
        .await;
    assert!(matches!(third, Err(PrepareError::Live)), "{third:?}");
}

async fn of_many_who_prepare_at_the_same_moment_one_does(store: Store) {
    for _ in 0..5 {
        let invoice = store.an_open_invoice().await;
        let tries = (0..6).map(|_| {
            let payments = store.payments.clone();
            tokio::spawn(async move {
                payments
                    .prepare(SystemClock.new_id(), invoice.id, SystemClock.now(), LEASE)
                    .await
            })
        });
        let mut made = 0;
        for task in tries.collect::<Vec<_>>() {
            match task.await.unwrap() {
                Ok(_) => made += 1,
                Err(error) => assert!(matches!(error, PrepareError::Live), "{error:?}"),
            }
        }
        assert_eq!(made, 1);
    }
}

async fn only_an_open_invoice_is_paid(store: Store) {
    let invoice = store.an_open_invoice().await;
    store
        .invoices
        .void(invoice.id, SystemClock.now())
        .await
        .unwrap();
    let void = store
        .payments
        .prepare(SystemClock.new_id(), invoice.id, SystemClock.now(), LEASE)
        .await;
    assert!(
        matches!(void, Err(PrepareError::NotOpen(InvoiceState::Void))),
        "{void:?}"
    );
    let nothing = store
        .payments
        .prepare(
            SystemClock.new_id(),
            Uuid::from_u128(1),
            SystemClock.now(),
            LEASE,
        )
        .await;
    assert!(
        matches!(nothing, Err(PrepareError::NotFound)),
        "{nothing:?}"
    );
}

async fn a_payment_that_succeeds_pays_its_invoice(store: Store) {
    let invoice = store.an_open_invoice().await;
    let payment = prepare(&store, &invoice).await;
    let payment = dispatch(&store, &payment).await;
    assert_eq!(state_of(&store, &invoice).await, InvoiceState::Open);
    let payment = conclude(&store, &payment, Outcome::Succeeded).await;
    assert_eq!(state_of(&store, &invoice).await, InvoiceState::Paid);
    assert_eq!(store.payments.get(payment.id).await.unwrap(), Some(payment));
    let again = store
        .payments
        .prepare(SystemClock.new_id(), invoice.id, SystemClock.now(), LEASE)
        .await;
    assert!(
        matches!(again, Err(PrepareError::NotOpen(InvoiceState::Paid))),
        "{again:?}"
    );
}

async fn a_payment_that_declines_leaves_its_invoice_open_for_another(store: Store) {
    let invoice = store.an_open_invoice().await;
    let payment = prepare(&store, &invoice).await;
    let payment = dispatch(&store, &payment).await;
    let declined = conclude(
        &store,
        &payment,
        Outcome::Declined {
            reason: Some("poor".to_owned()),
        },
    )
    .await;
    assert_eq!(
        store.payments.get(payment.id).await.unwrap(),
        Some(declined)
    );
    assert_eq!(state_of(&store, &invoice).await, InvoiceState::Open);
    prepare(&store, &invoice).await;
}

async fn a_change_of_what_has_changed_is_not_made(store: Store) {
    let invoice = store.an_open_invoice().await;
    let prepared = prepare(&store, &invoice).await;
    let dispatched = dispatch(&store, &prepared).await;
    let stale = prepared.taken_up(SystemClock.now(), LEASE).unwrap();
    assert!(!store.payments.save(&prepared, &stale).await.unwrap());
    assert_eq!(
        store.payments.get(prepared.id).await.unwrap(),
        Some(dispatched)
    );
}

async fn of_many_who_take_up_at_the_same_moment_one_does(store: Store) {
    for _ in 0..5 {
        let invoice = store.an_open_invoice().await;
        let payment = prepare(&store, &invoice).await;
        let tries = (0..6).map(|_| {
            let (payments, payment) = (store.payments.clone(), payment.clone());
            tokio::spawn(async move {
                let taken = payment.taken_up(SystemClock.now(), LEASE).unwrap();
                payments.save(&payment, &taken).await.unwrap()
            })
        });
        let mut took = 0;
        for task in tries.collect::<Vec<_>>() {
            took += u32::from(task.await.unwrap());
        }
        assert_eq!(took, 1);
    }
}

async fn due_are_live_ones_whose_time_has_come_the_longest_first(store: Store) {
    let mut payments = Vec::new();
    for _ in 0..3 {
        let invoice = store.an_open_invoice().await;
        payments.push(prepare(&store, &invoice).await);
    }
    assert_eq!(store.payments.due(SystemClock.now(), 10).await.unwrap(), []);
    let done = dispatch(&store, &payments[2]).await;
    conclude(&store, &done, Outcome::Succeeded).await;
    let due = store.payments.due(later(LEASE * 2), 10).await.unwrap();
    assert_eq!(due, payments[..2]);
    assert_eq!(
        store.payments.due(later(LEASE * 2), 1).await.unwrap(),
        payments[..1]
    );
}

async fn the_oldest_live_payment_is_known(store: Store) {
    assert_eq!(store.payments.oldest_live().await.unwrap(), None);
    let first = prepare(&store, &store.an_open_invoice().await).await;
    prepare(&store, &store.an_open_invoice().await).await;
    assert_eq!(
        store.payments.oldest_live().await.unwrap(),
        Some(first.created_at)
    );
}

async fn attempts_are_listed_the_latest_first(store: Store) {
    let invoice = store.an_open_invoice().await;
    let first = dispatch(&store, &prepare(&store, &invoice).await).await;
    conclude(&store, &first, Outcome::Declined { reason: None }).await;
    let second = prepare(&store, &invoice).await;
    let listed = store.payments.of_invoice(invoice.id, 10).await.unwrap();
    assert_eq!(
        listed.iter().map(|payment| payment.id).collect::<Vec<_>>(),
        [second.id, first.id]
    );
    assert_eq!(
        store
            .payments
            .of_invoice(invoice.id, 1)
            .await
            .unwrap()
            .len(),
        1
    );
}

async fn an_unpaid_invoice_tells_what_was_said_of_its_latest_payment(store: Store) {
    let invoice = store.an_open_invoice().await;
    for reason in ["poor", "poorer"] {
        let payment = dispatch(&store, &prepare(&store, &invoice).await).await;
        let reason = Some(reason.to_owned());
        conclude(
            &store,
            &payment,
            Outcome::Declined {
                reason: reason.clone(),
            },
        )
        .await;
        assert_eq!(said_of(&store, &invoice).await, reason);
    }
    prepare(&store, &invoice).await;
    assert_eq!(said_of(&store, &invoice).await, None);
}

async fn said_of(store: &Store, invoice: &Invoice) -> Option<String> {
    let unpaid = store.invoices.unpaid(10).await.unwrap();
    let mut first = unpaid.first.into_iter();
    first
        .find(|one| one.number == invoice.number)
        .unwrap()
        .reason
}
