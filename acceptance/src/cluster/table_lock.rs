//! A lock on a table of payment-provider's database, held by a session through a port-forward: the
//! database's image need not hold a client for it.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, PgConnection};

use super::Cluster;
use super::app::{App, DATABASE_PORT};
use super::database_secret::OWNER_PASSWORD;
use super::forward::Forward;
use crate::failure::Failure;
use crate::poll;

const LOCKED_WITHIN: Duration = Duration::from_secs(20);
/// The lock is not left behind by a session that nobody ends: its transaction ends by itself.
const AT_MOST_IDLE: &str = "set idle_in_transaction_session_timeout = '2min'";
/// Against writing; reading stays possible.
const LOCK: &str = "lock table payment in exclusive mode";

/// payment-provider's payments, which nobody can add to until this is released. The lock ends with the
/// connection, so also with this program.
pub(crate) struct PaymentsLock {
    session: PgConnection,
    forward: Forward,
}

impl Cluster {
    /// Locks the table of payment-provider's payments against writing.
    pub(crate) async fn lock_payments(&self) -> Result<PaymentsLock, Failure> {
        let app = App::PaymentProvider;
        let pod = self.database_pod(app).await?;
        let forward = self.forward(&pod, DATABASE_PORT).await?;
        let options = PgConnectOptions::new_without_pgpass()
            .host(&forward.address().ip().to_string())
            .port(forward.address().port())
            .username(app.database_name())
            .database(app.database_name())
            .password(&self.database_secret(app, OWNER_PASSWORD).await?)
            // The port-forward itself is encrypted up to the node.
            .ssl_mode(PgSslMode::Disable);
        let locking = async {
            let mut session = options.connect().await?;
            for statement in [AT_MOST_IDLE, "begin", LOCK] {
                sqlx::query(statement).execute(&mut session).await?;
            }
            Ok(session)
        };
        let what = format!("the lock on the payments of {}", app.database());
        let session = poll::within(&what, LOCKED_WITHIN, async {
            locking.await.map_err(Failure::database(what.clone()))
        })
        .await?;
        Ok(PaymentsLock { session, forward })
    }
}

impl PaymentsLock {
    /// Lets the others write again.
    pub(crate) async fn release(self) -> Result<(), Failure> {
        let Self {
            mut session,
            forward,
        } = self;
        let what = "the end of the lock";
        poll::within(what, LOCKED_WITHIN, async {
            let rolled_back = sqlx::query("rollback").execute(&mut session).await;
            rolled_back.map_err(Failure::database(what))?;
            session.close().await.map_err(Failure::database(what))
        })
        .await?;
        drop(forward);
        Ok(())
    }
}
