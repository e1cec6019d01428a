//! Payments in a SQL database.
//!
//! Every transaction writes the payment first and its invoice second, so that two of them never
//! wait for each other in a circle.

use std::time::Duration;

use async_trait::async_trait;
use chassis::database::{Backend, DatabaseError, is_unique_violation};
use jiff::Timestamp;
use money::{Currency, Money};
use sqlx::{ColumnIndex, Decode, Encode, Executor, FromRow, IntoArguments, Pool, Type};
use uuid::Uuid;

use super::model::{Payment, PaymentState};
use super::store::{PaymentStore, PrepareError, SaveError};
use crate::invoice::sql::{InvoiceRow, SELECT_INVOICE};
use crate::invoice::{Invoice, InvoiceEvent, InvoiceState};
use crate::store::{SqlStore, unreadable};

/// How often a change is tried when others change the same invoice at the same moment.
const MAX_CONFLICTS: u32 = 5;

/// A query for whole payments, with this condition and order.
macro_rules! select_payment {
    ($rest:literal) => {
        concat!(
            "select id, invoice_id, amount_minor, currency, state, reason, tries, due_at_us, ",
            "version, created_at_us, updated_at_us from payment ",
            $rest
        )
    };
}

#[derive(FromRow)]
struct PaymentRow {
    id: Uuid,
    invoice_id: Uuid,
    amount_minor: i64,
    currency: String,
    state: String,
    reason: Option<String>,
    tries: i64,
    due_at_us: Option<i64>,
    version: i64,
    created_at_us: i64,
    updated_at_us: i64,
}

impl TryFrom<PaymentRow> for Payment {
    type Error = sqlx::Error;

    fn try_from(row: PaymentRow) -> Result<Self, sqlx::Error> {
        let wrong = |column| unreadable("payment", row.id, column);
        let time = |us, column| Timestamp::from_microsecond(us).map_err(|_| wrong(column));
        let currency: Currency = row.currency.parse().map_err(|_| wrong("currency"))?;
        Ok(Self {
            id: row.id,
            invoice_id: row.invoice_id,
            amount: Money::from_minor(row.amount_minor, currency),
            state: PaymentState::named(&row.state).ok_or_else(|| wrong("state"))?,
            tries: u32::try_from(row.tries).map_err(|_| wrong("tries"))?,
            due_at: row.due_at_us.map(|us| time(us, "due_at_us")).transpose()?,
            version: row.version,
            created_at: time(row.created_at_us, "created_at_us")?,
            updated_at: time(row.updated_at_us, "updated_at_us")?,
            reason: row.reason,
        })
    }
}

fn payments(rows: Vec<PaymentRow>) -> Result<Vec<Payment>, DatabaseError> {
    Ok(rows
        .into_iter()
        .map(Payment::try_from)
        .collect::<Result<_, _>>()?)
}

fn payment(row: Option<PaymentRow>) -> Result<Option<Payment>, DatabaseError> {
    Ok(row.map(Payment::try_from).transpose()?)
}

/// What came of one try to write a change.
enum Written {
    Done,
    /// The payment is not any more what it was read as.
    PaymentChanged,
    /// The invoice changed in between; trying again may succeed.
    InvoiceChanged,
}

#[async_trait]
impl<DB: Backend> PaymentStore for SqlStore<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    for<'c> &'c Pool<DB>: Executor<'c, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
    for<'r> &'r str: ColumnIndex<DB::Row>,
    usize: ColumnIndex<DB::Row>,
    for<'q> Uuid: Encode<'q, DB> + Decode<'q, DB> + Type<DB>,
    for<'q> i64: Encode<'q, DB> + Decode<'q, DB> + Type<DB>,
    for<'q> String: Encode<'q, DB> + Decode<'q, DB> + Type<DB>,
    for<'q> Option<i64>: Encode<'q, DB> + Decode<'q, DB> + Type<DB>,
    for<'q> Option<String>: Encode<'q, DB> + Decode<'q, DB> + Type<DB>,
{
    async fn prepare(
        &self,
        id: Uuid,
        invoice: Uuid,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Payment, PrepareError> {
        let mut tx = self
            .0
            .begin_with(DB::BEGIN_WRITE)
            .await
            .map_err(DatabaseError::from)?;
        let invoice = self
            .read_invoice(invoice, &mut tx)
            .await?
            .ok_or(PrepareError::NotFound)?;
        if invoice.state != InvoiceState::Open {
            return Err(PrepareError::NotOpen(invoice.state));
        }
        let payment = Payment::prepared(id, invoice.id, invoice.amount, now, lease);
        let inserted = self.insert_payment(&payment, &mut tx).await;
        match inserted {
            Err(error) if is_unique_violation(&error) => return Err(PrepareError::Live),
            other => other.map_err(DatabaseError::from)?,
        }
        if !self
            .change_invoice(&invoice, invoice.state, now, &mut tx)
            .await?
        {
            return Err(PrepareError::Live);
        }
        tx.commit().await.map_err(DatabaseError::from)?;
        Ok(payment)
    }

    async fn save(&self, before: &Payment, after: &Payment) -> Result<bool, SaveError> {
        for _ in 0..MAX_CONFLICTS {
            match self.try_save(before, after).await? {
                Written::Done => return Ok(true),
                Written::PaymentChanged => return Ok(false),
                Written::InvoiceChanged => {}
            }
        }
        Ok(false)
    }

    async fn get(&self, id: Uuid) -> Result<Option<Payment>, DatabaseError> {
        payment(
            sqlx::query_as(select_payment!("where id = $1"))
                .bind(id)
                .fetch_optional(&self.0)
                .await?,
        )
    }

    async fn live_of(&self, invoice: Uuid) -> Result<Option<Payment>, DatabaseError> {
        payment(
            sqlx::query_as(select_payment!(
                "where invoice_id = $1 and state in ('prepared', 'dispatched', 'unknown')"
            ))
            .bind(invoice)
            .fetch_optional(&self.0)
            .await?,
        )
    }

    async fn of_invoice(&self, invoice: Uuid, limit: u32) -> Result<Vec<Payment>, DatabaseError> {
        payments(
            sqlx::query_as(select_payment!(
                "where invoice_id = $1 order by id desc limit $2"
            ))
            .bind(invoice)
            .bind(i64::from(limit))
            .fetch_all(&self.0)
            .await?,
        )
    }

    async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<Payment>, DatabaseError> {
        payments(
            sqlx::query_as(
                select_payment!("where state in ('prepared', 'dispatched', 'unknown') and due_at_us <= $1 order by due_at_us limit $2"),
            )
            .bind(now.as_microsecond())
            .bind(i64::from(limit))
            .fetch_all(&self.0)
            .await?,
        )
    }

    async fn oldest_live(&self) -> Result<Option<Timestamp>, DatabaseError> {
        let oldest: Option<(i64,)> = sqlx::query_as(
            "select created_at_us from payment where state in ('prepared', 'dispatched', 'unknown')
             order by created_at_us limit 1",
        )
        .fetch_optional(&self.0)
        .await?;
        Ok(oldest.and_then(|(us,)| Timestamp::from_microsecond(us).ok()))
    }
}

impl<DB: Backend> SqlStore<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
    for<'r> &'r str: ColumnIndex<DB::Row>,
    for<'q> Uuid: Encode<'q, DB> + Decode<'q, DB> + Type<DB>,
    for<'q> i64: Encode<'q, DB> + Decode<'q, DB> + Type<DB>,
    for<'q> String: Encode<'q, DB> + Decode<'q, DB> + Type<DB>,
    for<'q> Option<i64>: Encode<'q, DB> + Type<DB>,
    for<'q> Option<String>: Encode<'q, DB> + Type<DB>,
{
    async fn read_invoice(
        &self,
        id: Uuid,
        connection: &mut DB::Connection,
    ) -> Result<Option<Invoice>, DatabaseError> {
        let row: Option<InvoiceRow> = sqlx::query_as(SELECT_INVOICE)
            .bind(id)
            .fetch_optional(connection)
            .await?;
        Ok(row.map(Invoice::try_from).transpose()?)
    }

    async fn insert_payment(
        &self,
        payment: &Payment,
        connection: &mut DB::Connection,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into payment (id, invoice_id, amount_minor, currency, state, reason, tries, due_at_us, version, created_at_us, updated_at_us)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(payment.id)
        .bind(payment.invoice_id)
        .bind(payment.amount.minor())
        .bind(payment.amount.currency().code().to_owned())
        .bind(payment.state.name().to_owned())
        .bind(payment.reason.clone())
        .bind(i64::from(payment.tries))
        .bind(payment.due_at.map(Timestamp::as_microsecond))
        .bind(payment.version)
        .bind(payment.created_at.as_microsecond())
        .bind(payment.updated_at.as_microsecond())
        .execute(connection)
        .await?;
        Ok(())
    }

    async fn try_save(&self, before: &Payment, after: &Payment) -> Result<Written, SaveError> {
        let mut tx = self
            .0
            .begin_with(DB::BEGIN_WRITE)
            .await
            .map_err(DatabaseError::from)?;
        let invoice = self.read_invoice(before.invoice_id, &mut tx).await?;
        let invoice = invoice.ok_or_else(|| DatabaseError::from(sqlx::Error::RowNotFound))?;
        let done = sqlx::query(
            "update payment set state = $3, reason = $4, tries = $5, due_at_us = $6, version = $7, updated_at_us = $8
             where id = $1 and version = $2",
        )
        .bind(before.id)
        .bind(before.version)
        .bind(after.state.name().to_owned())
        .bind(after.reason.clone())
        .bind(i64::from(after.tries))
        .bind(after.due_at.map(Timestamp::as_microsecond))
        .bind(after.version)
        .bind(after.updated_at.as_microsecond())
        .execute(&mut *tx)
        .await
        .map_err(DatabaseError::from)?;
        if DB::rows_affected(&done) != 1 {
            return Ok(Written::PaymentChanged);
        }
        let state = match after.state {
            PaymentState::Succeeded => invoice.state.after(InvoiceEvent::Pay)?,
            _ => invoice.state,
        };
        if !self
            .change_invoice(&invoice, state, after.updated_at, &mut tx)
            .await?
        {
            return Ok(Written::InvoiceChanged);
        }
        tx.commit().await.map_err(DatabaseError::from)?;
        Ok(Written::Done)
    }

    async fn change_invoice(
        &self,
        read: &Invoice,
        state: InvoiceState,
        now: Timestamp,
        connection: &mut DB::Connection,
    ) -> Result<bool, DatabaseError> {
        let done = sqlx::query(
            "update invoice set state = $3, version = version + 1, updated_at_us = $4 where id = $1 and version = $2",
        )
        .bind(read.id)
        .bind(read.version)
        .bind(state.name().to_owned())
        .bind(now.as_microsecond())
        .execute(connection)
        .await?;
        Ok(DB::rows_affected(&done) == 1)
    }
}
