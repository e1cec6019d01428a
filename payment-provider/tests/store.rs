//! The store's contract, kept by both databases.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;

use chassis::clock::{Clock, SystemClock};
use chassis::config::Environment;
use chassis::config::Settings;
use chassis::database::{Database, DatabaseSettings};
use money::Money;
use payment_provider::MIGRATIONS;
use payment_provider::payment::{Payment, PaymentId, PaymentStore, SqlPaymentStore, Status};
use uuid::Uuid;

struct Store {
    payments: Arc<dyn PaymentStore>,
    database: Database,
    _folder: tempfile::TempDir,
}

async fn open(url: &str, folder: tempfile::TempDir) -> Store {
    let settings = DatabaseSettings::read(&Environment::of([("DATABASE_URL", url)])).unwrap();
    let database = Database::open(&settings).unwrap();
    database.migrate(&MIGRATIONS).await.unwrap();
    let payments: Arc<dyn PaymentStore> = match &database {
        Database::Sqlite(pool, _) => Arc::new(SqlPaymentStore(pool.clone())),
        Database::Postgres(pool) => Arc::new(SqlPaymentStore(pool.clone())),
    };
    Store {
        payments,
        database,
        _folder: folder,
    }
}

async fn sqlite() -> Store {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("payments.db").display());
    open(&url, folder).await
}

async fn postgres() -> Store {
    let url = tokio::task::spawn_blocking(|| test_postgres::Postgres::shared().new_database())
        .await
        .unwrap();
    open(&url, tempfile::tempdir().unwrap()).await
}

/// Every clause of the contract on every database.
macro_rules! contract {
    ($($clause:ident),* $(,)?) => {
        mod on_sqlite { $( #[tokio::test] async fn $clause() { super::$clause(super::sqlite().await).await; } )* }
        mod on_postgres { $( #[tokio::test] async fn $clause() { super::$clause(super::postgres().await).await; } )* }
    };
}

contract!(
    what_was_written_is_read_back,
    a_taken_id_is_not_written_again,
    of_many_at_the_same_moment_one_writes,
    pages_follow_each_other_without_gap_or_overlap,
    drop_in_ids_are_kept_apart_and_not_listed,
    an_amount_of_nothing_is_refused_by_the_database,
    migrating_again_changes_nothing,
);

fn a_payment() -> Payment {
    Payment {
        id: PaymentId::attempt(SystemClock.new_id()),
        amount: Money::from_minor(1215, "EUR".parse().unwrap()),
        status: Status::Succeeded,
        created_at: SystemClock.now(),
    }
}

async fn what_was_written_is_read_back(store: Store) {
    let succeeded = a_payment();
    let declined = Payment {
        status: Status::Declined {
            reason: "because".to_owned(),
        },
        ..a_payment()
    };
    for payment in [&succeeded, &declined] {
        assert!(store.payments.insert_if_absent(payment).await.unwrap());
        assert_eq!(
            store.payments.get(&payment.id).await.unwrap().as_ref(),
            Some(payment)
        );
    }
    assert_eq!(store.payments.get(&a_payment().id).await.unwrap(), None);
}

async fn a_taken_id_is_not_written_again(store: Store) {
    let first = a_payment();
    let second = Payment {
        amount: Money::from_minor(1, "DKK".parse().unwrap()),
        ..first.clone()
    };
    assert!(store.payments.insert_if_absent(&first).await.unwrap());
    assert!(!store.payments.insert_if_absent(&second).await.unwrap());
    assert_eq!(store.payments.get(&first.id).await.unwrap(), Some(first));
}

async fn of_many_at_the_same_moment_one_writes(store: Store) {
    for _ in 0..5 {
        let id = a_payment().id;
        let tries = (1..=8).map(|minor| {
            let (store, id) = (store.payments.clone(), id.clone());
            tokio::spawn(async move {
                let payment = Payment {
                    id,
                    amount: Money::from_minor(minor, "EUR".parse().unwrap()),
                    ..a_payment()
                };
                store.insert_if_absent(&payment).await.unwrap()
            })
        });
        let mut wrote = 0;
        for task in tries.collect::<Vec<_>>() {
            wrote += u32::from(task.await.unwrap());
        }
        assert_eq!(wrote, 1);
    }
}

async fn pages_follow_each_other_without_gap_or_overlap(store: Store) {
    let mut written = Vec::new();
    for _ in 0..7 {
        let payment = a_payment();
        store.payments.insert_if_absent(&payment).await.unwrap();
        written.push(payment.id.key().to_owned());
    }
    written.sort();
    let (mut read, mut after) = (Vec::new(), None);
    loop {
        let page = store.payments.page(after, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id.key().parse::<Uuid>().unwrap());
        read.extend(page.into_iter().map(|payment| payment.id.key().to_owned()));
    }
    assert_eq!(read, written);
}

async fn drop_in_ids_are_kept_apart_and_not_listed(store: Store) {
    let listed = a_payment();
    let apart = Payment {
        id: PaymentId::drop_in(listed.id.key()),
        ..a_payment()
    };
    assert!(store.payments.insert_if_absent(&listed).await.unwrap());
    assert!(store.payments.insert_if_absent(&apart).await.unwrap());
    assert_eq!(store.payments.page(None, 10).await.unwrap(), [listed]);
    assert_eq!(store.payments.get(&apart.id).await.unwrap(), Some(apart));
}

async fn an_amount_of_nothing_is_refused_by_the_database(store: Store) {
    let nothing = Payment {
        amount: Money::from_minor(0, "EUR".parse().unwrap()),
        ..a_payment()
    };
    assert!(store.payments.insert_if_absent(&nothing).await.is_err());
}

async fn migrating_again_changes_nothing(store: Store) {
    let payment = a_payment();
    store.payments.insert_if_absent(&payment).await.unwrap();
    store.database.migrate(&MIGRATIONS).await.unwrap();
    assert_eq!(
        store.payments.get(&payment.id).await.unwrap(),
        Some(payment)
    );
}
