//! Invoices in a SQL database.

use async_trait::async_trait;
use chassis::database::{Backend, DatabaseError};
use jiff::Timestamp;
use money::{Currency, Money};
use sqlx::{ColumnIndex, Decode, Encode, Executor, FromRow, IntoArguments, Pool, Type};
use uuid::Uuid;

use super::model::{Invoice, InvoiceEvent, InvoiceState};
use super::store::{InvoiceStore, UnpaidInvoice, UnpaidInvoices, VoidError};
use crate::store::{SqlStore, unreadable};

/// The series of the numbers that people read.
const SERIES: &str = "I";

/// The open invoices, each with what was said of its latest payment.
const FIRST_UNPAID: &str = "select number, payment.reason from invoice \
    left join payment on payment.id = \
        (select latest.id from payment latest where latest.invoice_id = invoice.id order by latest.id desc limit 1) \
    where invoice.state = 'open' order by invoice.id limit $1";

/// A query for whole invoices, with this condition and order.
macro_rules! select_invoice {
    ($rest:literal) => {
        concat!(
            "select id, number, amount_minor, currency, state, version, created_at_us, updated_at_us ",
            "from invoice ",
            $rest
        )
    };
}

#[derive(FromRow)]
pub(crate) struct InvoiceRow {
    id: Uuid,
    number: String,
    amount_minor: i64,
    currency: String,
    state: String,
    version: i64,
    created_at_us: i64,
    updated_at_us: i64,
}

impl TryFrom<InvoiceRow> for Invoice {
    type Error = sqlx::Error;

    fn try_from(row: InvoiceRow) -> Result<Self, sqlx::Error> {
        let wrong = |column| unreadable("invoice", row.id, column);
        let currency: Currency = row.currency.parse().map_err(|_| wrong("currency"))?;
        Ok(Self {
            id: row.id,
            amount: Money::from_minor(row.amount_minor, currency),
            state: InvoiceState::named(&row.state).ok_or_else(|| wrong("state"))?,
            version: row.version,
            created_at: Timestamp::from_microsecond(row.created_at_us)
                .map_err(|_| wrong("created_at_us"))?,
            updated_at: Timestamp::from_microsecond(row.updated_at_us)
                .map_err(|_| wrong("updated_at_us"))?,
            number: row.number,
        })
    }
}

/// Reads an invoice in a transaction.
pub(crate) const SELECT_INVOICE: &str = select_invoice!("where id = $1");

#[async_trait]
impl<DB: Backend> InvoiceStore for SqlStore<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    for<'c> &'c Pool<DB>: Executor<'c, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
    for<'r> &'r str: ColumnIndex<DB::Row>,
    usize: ColumnIndex<DB::Row>,
    for<'q> Uuid: Encode<'q, DB> + Decode<'q, DB> + Type<DB>,
    for<'q> i64: Encode<'q, DB> + Decode<'q, DB> + Type<DB>,
    for<'q> String: Encode<'q, DB> + Decode<'q, DB> + Type<DB>,
{
    async fn create(
        &self,
        id: Uuid,
        amount: Money,
        now: Timestamp,
    ) -> Result<Invoice, DatabaseError> {
        let mut tx = self.0.begin_with(DB::BEGIN_WRITE).await?;
        let (next,): (i64,) =
            sqlx::query_as("update invoice_series set next_number = next_number + 1 where series = $1 returning next_number")
                .bind(SERIES.to_owned())
                .fetch_one(&mut *tx)
                .await?;
        let number = format!("{SERIES}{}", next - 1);
        let invoice = Invoice {
            id,
            number,
            amount,
            state: InvoiceState::Open,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        self.insert(&invoice, &mut tx).await?;
        tx.commit().await?;
        Ok(invoice)
    }

    async fn get(&self, id: Uuid) -> Result<Option<Invoice>, DatabaseError> {
        let row: Option<InvoiceRow> = sqlx::query_as(SELECT_INVOICE)
            .bind(id)
            .fetch_optional(&self.0)
            .await?;
        Ok(row.map(Invoice::try_from).transpose()?)
    }

    async fn page(
        &self,
        state: Option<InvoiceState>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Invoice>, DatabaseError> {
        let after = after.unwrap_or(Uuid::nil());
        let limit = i64::from(limit);
        let rows: Vec<InvoiceRow> = match state {
            None => {
                sqlx::query_as(select_invoice!("where id > $1 order by id limit $2"))
                    .bind(after)
                    .bind(limit)
                    .fetch_all(&self.0)
                    .await?
            }
            Some(state) => {
                sqlx::query_as(select_invoice!(
                    "where id > $1 and state = $3 order by id limit $2"
                ))
                .bind(after)
                .bind(limit)
                .bind(state.name().to_owned())
                .fetch_all(&self.0)
                .await?
            }
        };
        Ok(rows
            .into_iter()
            .map(Invoice::try_from)
            .collect::<Result<_, _>>()?)
    }

    async fn unpaid(&self, limit: u32) -> Result<UnpaidInvoices, DatabaseError> {
        let (count,): (i64,) = sqlx::query_as("select count(*) from invoice where state = 'open'")
            .fetch_one(&self.0)
            .await?;
        let first: Vec<(String, Option<String>)> = sqlx::query_as(FIRST_UNPAID)
            .bind(i64::from(limit))
            .fetch_all(&self.0)
            .await?;
        let unpaid = |(number, reason)| UnpaidInvoice { number, reason };
        Ok(UnpaidInvoices {
            count: count.unsigned_abs(),
            first: first.into_iter().map(unpaid).collect(),
        })
    }

    async fn void(&self, id: Uuid, now: Timestamp) -> Result<Invoice, VoidError> {
        let mut tx = self
            .0
            .begin_with(DB::BEGIN_WRITE)
            .await
            .map_err(DatabaseError::from)?;
        let row: Option<InvoiceRow> = sqlx::query_as(SELECT_INVOICE)
            .bind(id)
            .fetch_optional(&mut *tx)
            .await
            .map_err(DatabaseError::from)?;
        let invoice =
            Invoice::try_from(row.ok_or(VoidError::NotFound)?).map_err(DatabaseError::from)?;
        let state = invoice.state.after(InvoiceEvent::Void)?;
        let (live,): (i64,) = sqlx::query_as(
            "select count(*) from payment where invoice_id = $1 and state in ('prepared', 'dispatched', 'unknown')",
        )
        .bind(id)
        .fetch_one(&mut *tx)
        .await
        .map_err(DatabaseError::from)?;
        if live > 0 {
            return Err(VoidError::BeingPaid);
        }
        // A payment that is prepared meanwhile changes the version, so one of the two fails.
        let done = sqlx::query(
            "update invoice set state = $3, version = version + 1, updated_at_us = $4 where id = $1 and version = $2",
        )
        .bind(id)
        .bind(invoice.version)
        .bind(state.name().to_owned())
        .bind(now.as_microsecond())
        .execute(&mut *tx)
        .await
        .map_err(DatabaseError::from)?;
        if DB::rows_affected(&done) != 1 {
            return Err(VoidError::Changed);
        }
        tx.commit().await.map_err(DatabaseError::from)?;
        Ok(Invoice {
            state,
            version: invoice.version + 1,
            updated_at: now,
            ..invoice
        })
    }

    async fn seed(&self, ids: [Uuid; 3], now: Timestamp) -> Result<(), DatabaseError> {
        let mut tx = self.0.begin_with(DB::BEGIN_WRITE).await?;
        let first: i64 = 4;
        // The series exists from the first start on: whoever makes it writes the invoices, too.
        let made = sqlx::query("insert into invoice_series (series, next_number) values ($1, $2) on conflict (series) do nothing")
            .bind(SERIES.to_owned())
            .bind(first)
            .execute(&mut *tx)
            .await?;
        if DB::rows_affected(&made) == 1 {
            for (id, (number, amount)) in ids.into_iter().zip(first_invoices()?) {
                let invoice = Invoice {
                    id,
                    number,
                    amount,
                    state: InvoiceState::Open,
                    version: 1,
                    created_at: now,
                    updated_at: now,
                };
                self.insert(&invoice, &mut tx).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }
}

/// The three invoices that the replaced system always had.
fn first_invoices() -> Result<[(String, Money); 3], DatabaseError> {
    let money = |minor, code: &str| -> Result<Money, sqlx::Error> {
        let currency = code
            .parse()
            .map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
        Ok(Money::from_minor(minor, currency))
    };
    Ok([
        ("I1".to_owned(), money(1215, "EUR")?),
        ("I2".to_owned(), money(1025, "GBP")?),
        ("I3".to_owned(), money(6613, "DKK")?),
    ])
}

impl<DB: Backend> SqlStore<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
    for<'q> Uuid: Encode<'q, DB> + Type<DB>,
    for<'q> i64: Encode<'q, DB> + Type<DB>,
    for<'q> String: Encode<'q, DB> + Type<DB>,
{
    async fn insert(
        &self,
        invoice: &Invoice,
        connection: &mut DB::Connection,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into invoice (id, number, amount_minor, currency, state, version, created_at_us, updated_at_us)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(invoice.id)
        .bind(invoice.number.clone())
        .bind(invoice.amount.minor())
        .bind(invoice.amount.currency().code().to_owned())
        .bind(invoice.state.name().to_owned())
        .bind(invoice.version)
        .bind(invoice.created_at.as_microsecond())
        .bind(invoice.updated_at.as_microsecond())
        .execute(connection)
        .await?;
        Ok(())
    }
}
