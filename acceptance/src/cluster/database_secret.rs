//! The Secret of a service's database, and whether what it holds, or held, still opens the database.

use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection};

use super::Cluster;
use super::app::{App, DATABASE_PORT};
use crate::failure::Failure;
use crate::poll;

/// The password of the role that everything belongs to.
pub(crate) const OWNER_PASSWORD: &str = "POSTGRES_PASSWORD";
/// What the service logs in with.
pub(crate) const URL: &str = "DATABASE_URL";

const ANSWERED_WITHIN: Duration = Duration::from_secs(20);
/// SQLSTATE class 28: who are you.
const NOT_LET_IN: &str = "28";

impl Cluster {
    /// A value of the Secret of a service's database.
    pub(crate) async fn database_secret(&self, app: App, key: &str) -> Result<String, Failure> {
        let secrets = self.api::<Secret>(app.namespace());
        let doing = format!("read the Secret {}", app.database());
        let secret = secrets
            .get(app.database())
            .await
            .map_err(Failure::cluster(doing))?;
        let value = secret.data.and_then(|mut data| data.remove(key));
        value
            .and_then(|value| String::from_utf8(value.0).ok())
            .ok_or_else(|| Failure::wrong(format!("the Secret {} holds no {key}", app.database())))
    }

    /// Whether a `DATABASE_URL` of this service opens its database. That the database cannot be asked is a
    /// failure, not a no.
    pub(crate) async fn opens(&self, app: App, url: &str) -> Result<bool, Failure> {
        let pod = self.database_pod(app).await?;
        let forward = self.forward(&pod, DATABASE_PORT).await?;
        let options: PgConnectOptions = url.parse().map_err(|_| {
            // Its words may repeat parts of the URL.
            Failure::wrong(format!(
                "{URL} in the Secret {} cannot be read",
                app.database()
            ))
        })?;
        let options = options
            .host(&forward.address().ip().to_string())
            .port(forward.address().port())
            // The port-forward itself is encrypted up to the node.
            .ssl_mode(PgSslMode::Disable);
        let what = format!("an answer of {}", app.database());
        poll::within(&what, ANSWERED_WITHIN, async {
            match options.connect().await {
                Ok(session) => {
                    let _ = session.close().await;
                    Ok(true)
                }
                Err(error) if is_refusal(&error) => Ok(false),
                Err(error) => Err(Failure::database(what.clone())(error)),
            }
        })
        .await
    }
}

fn is_refusal(error: &sqlx::Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code.starts_with(NOT_LET_IN))
}
