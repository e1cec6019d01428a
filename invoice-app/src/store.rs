//! The store over both databases, with one SQL text: invoices in `invoice/sql.rs`, payments in
//! `payment/sql.rs`, because each change of a payment is also one of its invoice.

use chassis::database::Backend;
use sqlx::Pool;

/// Invoices and payments in a SQL database.
#[derive(Debug, Clone)]
pub struct SqlStore<DB: Backend>(pub Pool<DB>);

/// The column of a row cannot be read as what it stands for.
pub(crate) fn unreadable(table: &str, id: uuid::Uuid, column: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("{table} {id}: {column} cannot be read").into())
}
