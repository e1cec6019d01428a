//! What the store promises of invoices.

use std::collections::HashSet;

use chassis::clock::{Clock, SystemClock};
use invoice_app::invoice::{InvoiceState, VoidError};
use uuid::Uuid;

use crate::{LEASE, Store};

crate::contract!(
    a_new_deployment_starts_with_three_unpaid_invoices,
    seeding_again_changes_nothing,
    what_was_made_is_read_back,
    numbers_have_no_gaps_however_many_are_made_at_once,
    pages_follow_each_other_without_gap_or_overlap,
    a_page_of_one_state_has_no_other,
    unpaid_ones_are_counted_and_the_first_named,
    an_open_invoice_can_be_withdrawn_once,
    an_invoice_whose_payment_is_under_way_is_not_withdrawn,
    of_paying_and_withdrawing_at_the_same_moment_one_wins,
);

async fn numbers(store: &Store) -> Vec<String> {
    let all = store.invoices.page(None, None, 1000).await.unwrap();
    all.into_iter().map(|invoice| invoice.number).collect()
}

async fn a_new_deployment_starts_with_three_unpaid_invoices(store: Store) {
    let invoices = store.invoices.page(None, None, 10).await.unwrap();
    let shown: Vec<_> = invoices
        .iter()
        .map(|i| format!("{} {} {}", i.number, i.amount, i.state.name()))
        .collect();
    assert_eq!(
        shown,
        [
            "I1 12.15 EUR open",
            "I2 10.25 GBP open",
            "I3 66.13 DKK open"
        ]
    );
}

async fn seeding_again_changes_nothing(store: Store) {
    let ids = [
        SystemClock.new_id(),
        SystemClock.new_id(),
        SystemClock.new_id(),
    ];
    store.invoices.seed(ids, SystemClock.now()).await.unwrap();
    assert_eq!(numbers(&store).await, ["I1", "I2", "I3"]);
}

async fn what_was_made_is_read_back(store: Store) {
    let made = store.an_open_invoice().await;
    assert_eq!(made.number, "I4");
    assert_eq!(store.invoices.get(made.id).await.unwrap(), Some(made));
    assert_eq!(store.invoices.get(Uuid::from_u128(1)).await.unwrap(), None);
}

async fn numbers_have_no_gaps_however_many_are_made_at_once(store: Store) {
    let making = (0..20).map(|_| store.an_open_invoice());
    futures_util::future::join_all(making).await;
    let numbers: HashSet<_> = numbers(&store).await.into_iter().collect();
    assert_eq!(
        numbers,
        (1..=23).map(|number| format!("I{number}")).collect()
    );
}

async fn pages_follow_each_other_without_gap_or_overlap(store: Store) {
    for _ in 0..5 {
        store.an_open_invoice().await;
    }
    let (mut read, mut after) = (Vec::new(), None);
    loop {
        let page = store.invoices.page(None, after, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        read.extend(page.into_iter().map(|invoice| invoice.number));
    }
    assert_eq!(read, ["I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8"]);
}

async fn a_page_of_one_state_has_no_other(store: Store) {
    let withdrawn = store.an_open_invoice().await;
    store
        .invoices
        .void(withdrawn.id, SystemClock.now())
        .await
        .unwrap();
    let open = store
        .invoices
        .page(Some(InvoiceState::Open), None, 10)
        .await
        .unwrap();
    assert_eq!(open.len(), 3);
    let void = store
        .invoices
        .page(Some(InvoiceState::Void), None, 10)
        .await
        .unwrap();
    assert_eq!(
        void.iter().map(|invoice| invoice.id).collect::<Vec<_>>(),
        [withdrawn.id]
    );
}

async fn unpaid_ones_are_counted_and_the_first_named(store: Store) {
    let unpaid = store.invoices.unpaid(2).await.unwrap();
    let numbers: Vec<_> = unpaid.first.into_iter().map(|one| one.number).collect();
    assert_eq!(
        (unpaid.count, numbers),
        (3, vec!["I1".to_owned(), "I2".to_owned()])
    );
}

async fn an_open_invoice_can_be_withdrawn_once(store: Store) {
    let invoice = store.an_open_invoice().await;
    let withdrawn = store
        .invoices
        .void(invoice.id, SystemClock.now())
        .await
        .unwrap();
    assert_eq!(
        (withdrawn.state, withdrawn.version),
        (InvoiceState::Void, invoice.version + 1)
    );
    assert_eq!(
        store.invoices.get(invoice.id).await.unwrap(),
        Some(withdrawn)
    );
    let again = store.invoices.void(invoice.id, SystemClock.now()).await;
    assert!(matches!(again, Err(VoidError::Illegal(_))), "{again:?}");
    let nothing = store
        .invoices
        .void(Uuid::from_u128(1), SystemClock.now())
        .await;
    assert!(matches!(nothing, Err(VoidError::NotFound)), "{nothing:?}");
}

async fn an_invoice_whose_payment_is_under_way_is_not_withdrawn(store: Store) {
    let invoice = store.an_open_invoice().await;
    store
        .payments
        .prepare(SystemClock.new_id(), invoice.id, SystemClock.now(), LEASE)
        .await
        .unwrap();
    let refused = store.invoices.void(invoice.id, SystemClock.now()).await;
    assert!(matches!(refused, Err(VoidError::BeingPaid)), "{refused:?}");
}

async fn of_paying_and_withdrawing_at_the_same_moment_one_wins(store: Store) {
    for _ in 0..20 {
        let invoice = store.an_open_invoice().await;
        let paying =
            store
                .payments
                .prepare(SystemClock.new_id(), invoice.id, SystemClock.now(), LEASE);
        let withdrawing = store.invoices.void(invoice.id, SystemClock.now());
        let (paid, withdrawn) = tokio::join!(paying, withdrawing);
        let live = store.payments.live_of(invoice.id).await.unwrap();
        let state = store.invoices.get(invoice.id).await.unwrap().unwrap().state;
        assert_eq!(
            (paid.is_ok(), withdrawn.is_ok()),
            (live.is_some(), state == InvoiceState::Void)
        );
        assert!(
            !(paid.is_ok() && withdrawn.is_ok()),
            "{paid:?} {withdrawn:?}"
        );
    }
}
