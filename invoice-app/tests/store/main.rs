//! The store's contract, kept by both databases.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod invoices;
mod payments;

use std::sync::Arc;
use std::time::Duration;

use chassis::clock::{Clock, SystemClock};
use chassis::config::{Environment, Settings};
use chassis::database::{Database, DatabaseSettings};
use invoice_app::MIGRATIONS;
use invoice_app::invoice::{Invoice, InvoiceStore};
use invoice_app::payment::PaymentStore;
use invoice_app::store::SqlStore;
use money::Money;

/// Every clause of a contract on every database.
macro_rules! contract {
    ($($clause:ident),* $(,)?) => {
        mod on_sqlite { $( #[tokio::test] async fn $clause() { super::$clause(crate::sqlite().await).await; } )* }
        mod on_postgres { $( #[tokio::test(flavor = "multi_thread")] async fn $clause() { super::$clause(crate::postgres().await).await; } )* }
    };
}
pub(crate) use contract;

const LEASE: Duration = Duration::from_secs(7);

struct Store {
    invoices: Arc<dyn InvoiceStore>,
    payments: Arc<dyn PaymentStore>,
    _folder: tempfile::TempDir,
}

impl Store {
    async fn an_open_invoice(&self) -> Invoice {
        let amount = Money::from_minor(1215, "EUR".parse().unwrap());
        self.invoices
            .create(SystemClock.new_id(), amount, SystemClock.now())
            .await
            .unwrap()
    }
}

async fn open(url: &str, folder: tempfile::TempDir) -> Store {
    let settings = DatabaseSettings::read(&Environment::of([("DATABASE_URL", url)])).unwrap();
    let database = Database::open(&settings).unwrap();
    database.migrate(&MIGRATIONS).await.unwrap();
    let (invoices, payments): (Arc<dyn InvoiceStore>, Arc<dyn PaymentStore>) = match &database {
        Database::Sqlite(pool, _) => (
            Arc::new(SqlStore(pool.clone())),
            Arc::new(SqlStore(pool.clone())),
        ),
        Database::Postgres(pool) => (
            Arc::new(SqlStore(pool.clone())),
            Arc::new(SqlStore(pool.clone())),
        ),
    };
    let ids = [
        SystemClock.new_id(),
        SystemClock.new_id(),
        SystemClock.new_id(),
    ];
    invoices.seed(ids, SystemClock.now()).await.unwrap();
    Store {
        invoices,
        payments,
        _folder: folder,
    }
}

async fn sqlite() -> Store {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("invoices.db").display());
    open(&url, folder).await
}

async fn postgres() -> Store {
    let url = tokio::task::spawn_blocking(|| test_postgres::Postgres::shared().new_database())
        .await
        .unwrap();
    open(&url, tempfile::tempdir().unwrap()).await
}
