//! The store over both databases, with one SQL text.

use async_trait::async_trait;
use chassis::database::{Backend, DatabaseError};
use jiff::Timestamp;
use money::{Currency, Money};
use sqlx::{ColumnIndex, Decode, Encode, Executor, FromRow, IntoArguments, Pool, Type};
use uuid::Uuid;

use super::model::{Payment, PaymentId, Source, Status};
use super::store::PaymentStore;

/// Payments in a SQL database.
#[derive(Debug, Clone)]
pub struct SqlPaymentStore<DB: Backend>(pub Pool<DB>);

#[derive(FromRow)]
struct Row {
    id: String,
    amount_minor: i64,
    currency: String,
    status: String,
    reason: Option<String>,
    created_at_us: i64,
}

impl TryFrom<Row> for Payment {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        let wrong = |column: &str| {
            sqlx::Error::Decode(format!("payment {}: {column} cannot be read", row.id).into())
        };
        let currency: Currency = row.currency.parse().map_err(|_| wrong("currency"))?;
        let created_at =
            Timestamp::from_microsecond(row.created_at_us).map_err(|_| wrong("created_at_us"))?;
        let status = match (row.status.as_str(), row.reason) {
            ("succeeded", None) => Status::Succeeded,
            ("declined", Some(reason)) => Status::Declined { reason },
            _ => return Err(wrong("status")),
        };
        let amount = Money::from_minor(row.amount_minor, currency);
        Ok(Self {
            id: PaymentId::stored(row.id),
            amount,
            status,
            created_at,
        })
    }
}

fn columns(status: &Status) -> (&'static str, Option<String>) {
    match status {
        Status::Succeeded => ("succeeded", None),
        Status::Declined { reason } => ("declined", Some(reason.clone())),
    }
}

fn source_column(source: Source) -> &'static str {
    match source {
        Source::V1 => "v1",
        Source::DropIn => "drop-in",
    }
}

#[async_trait]
impl<DB: Backend> PaymentStore for SqlPaymentStore<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    for<'c> &'c Pool<DB>: Executor<'c, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
    for<'r> &'r str: ColumnIndex<DB::Row>,
    for<'q> &'q str: Encode<'q, DB> + Type<DB>,
    for<'q> i64: Encode<'q, DB> + Decode<'q, DB> + Type<DB>,
    for<'q> String: Encode<'q, DB> + Decode<'q, DB> + Type<DB>,
    for<'q> Option<String>: Encode<'q, DB> + Decode<'q, DB> + Type<DB>,
{
    async fn insert_if_absent(&self, payment: &Payment) -> Result<bool, DatabaseError> {
        let (status, reason) = columns(&payment.status);
        let done = sqlx::query(
            "insert into payment (id, source, amount_minor, currency, status, reason, created_at_us)
             values ($1, $2, $3, $4, $5, $6, $7) on conflict (id) do nothing",
        )
        .bind(payment.id.key().to_owned())
        .bind(source_column(payment.id.source()).to_owned())
        .bind(payment.amount.minor())
        .bind(payment.amount.currency().code().to_owned())
        .bind(status.to_owned())
        .bind(reason)
        .bind(payment.created_at.as_microsecond())
        .execute(&self.0)
        .await?;
        Ok(DB::rows_affected(&done) == 1)
    }

    async fn get(&self, id: &PaymentId) -> Result<Option<Payment>, DatabaseError> {
        let row: Option<Row> = sqlx::query_as(
            "select id, amount_minor, currency, status, reason, created_at_us from payment where id = $1",
        )
        .bind(id.key().to_owned())
        .fetch_optional(&self.0)
        .await?;
        Ok(row.map(Payment::try_from).transpose()?)
    }

    async fn page(&self, after: Option<Uuid>, limit: u32) -> Result<Vec<Payment>, DatabaseError> {
        let rows: Vec<Row> = sqlx::query_as(
            "select id, amount_minor, currency, status, reason, created_at_us from payment
             where source = 'v1' and id > $1 order by id limit $2",
        )
        .bind(after.map(|id| id.to_string()).unwrap_or_default())
        .bind(i64::from(limit))
        .fetch_all(&self.0)
        .await?;
        Ok(rows
            .into_iter()
            .map(Payment::try_from)
            .collect::<Result<_, _>>()?)
    }
}
