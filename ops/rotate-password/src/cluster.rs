//! The app in the cluster: its Secret and a way to its database.

use std::time::Duration;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::config::KubeConfigOptions;
use kube::{Api, Client, Config};
use port_forward::Forward;
use serde_json::json;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, PgConnection};
use tokio::time::{Instant, sleep};

use crate::error::Error;
use crate::url::DatabaseUrl;

const URL: &str = "DATABASE_URL";
/// The owner's, which the database's image is given when it makes a new database.
const OWNER_PASSWORD: &str = "POSTGRES_PASSWORD";
const DATABASE_PORT: u16 = 5432;
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(300);
const CONNECTED_WITHIN: Duration = Duration::from_secs(20);
const ARRIVED_WITHIN: Duration = Duration::from_mins(3);

/// One app in one cluster.
pub struct Cluster {
    client: Client,
    pub(crate) namespace: String,
    pub(crate) app: String,
}

/// What the app's Secret says.
pub struct Credentials {
    secret: Secret,
    /// The whole `DATABASE_URL`.
    text: String,
    /// The same, read.
    pub url: DatabaseUrl,
    /// The owner's password.
    pub owner_password: String,
}

impl Cluster {
    /// Connects to the cluster of this kube context.
    ///
    /// # Errors
    /// When the context cannot be used.
    pub async fn connect(context: &str, namespace: &str, app: &str) -> Result<Self, Error> {
        // Err means that it is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let options = KubeConfigOptions {
            context: Some(context.to_owned()),
            ..KubeConfigOptions::default()
        };
        let config = Config::from_kubeconfig(&options).await?;
        Ok(Self {
            client: Client::try_from(config)?,
            namespace: namespace.to_owned(),
            app: app.to_owned(),
        })
    }

    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    fn database(&self) -> String {
        format!("{}-database", self.app)
    }

    /// Reads the app's Secret.
    ///
    /// # Errors
    /// When there is none, or it has not what is needed.
    pub async fn credentials(&self) -> Result<Credentials, Error> {
        let name = self.database();
        let secret = self.api::<Secret>().get(&name).await?;
        let value = |key: &'static str| {
            let value = secret.data.as_ref().and_then(|data| data.get(key));
            value
                .and_then(|value| String::from_utf8(value.0.clone()).ok())
                .ok_or_else(|| Error::NoKey {
                    secret: name.clone(),
                    key,
                })
        };
        let text = value(URL)?;
        let url = DatabaseUrl::parse(&text)?;
        if url.host() != name {
            return Err(self.elsewhere(&url));
        }
        let owner_password = value(OWNER_PASSWORD)?;
        Ok(Credentials {
            secret,
            text,
            url,
            owner_password,
        })
    }

    fn elsewhere(&self, url: &DatabaseUrl) -> Error {
        Error::Elsewhere {
            app: self.app.clone(),
            namespace: self.namespace.clone(),
            host: url.host().to_owned(),
        }
    }

    /// A session in the database: as the app logs in, or else as the owner. A new volume knows the owner alone.
    ///
    /// # Errors
    /// When neither is let in.
    pub async fn open(&self, credentials: &Credentials) -> Result<Session, Error> {
        let name = format!("{}-0", self.database());
        let forward = Forward::open(self.api::<Pod>(), name, DATABASE_PORT)
            .await
            .map_err(Error::Port)?;
        let as_app: PgConnectOptions = credentials.text.parse()?;
        let (host, port) = (forward.address().ip().to_string(), forward.address().port());
        let as_app = as_app
            .host(&host)
            .port(port)
            // The port-forward itself is encrypted up to the node.
            .ssl_mode(PgSslMode::Disable);
        let as_owner = as_app
            .clone()
            .username(&self.app.replace('-', "_"))
            .password(&credentials.owner_password);
        let deadline = Instant::now() + CONNECTED_WITHIN;
        loop {
            let error = match connect(&as_app, &as_owner).await {
                Ok(database) => {
                    return Ok(Session {
                        database,
                        _forward: forward,
                    });
                }
                Err(error) => error,
            };
            if Instant::now() > deadline {
                return Err(Error::NoSession {
                    pod: format!("{}-0", self.database()),
                    source: error,
                });
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until the Secret names this role.
    ///
    /// # Errors
    /// When it does not within minutes.
    pub async fn await_secret(&self, role: &str) -> Result<Credentials, Error> {
        let deadline = Instant::now() + ARRIVED_WITHIN;
        loop {
            let credentials = self.credentials().await?;
            if credentials.url.user() == role {
                return Ok(credentials);
            }
            if Instant::now() > deadline {
                return Err(Error::NotArrived {
                    secret: self.database(),
                    role: role.to_owned(),
                });
            }
            sleep(LOOK_EVERY).await;
        }
    }
}

/// A session in the database, and the way to it.
pub struct Session {
    /// The session.
    pub database: PgConnection,
    _forward: Forward,
}

async fn connect(
    as_app: &PgConnectOptions,
    as_owner: &PgConnectOptions,
) -> sqlx::Result<PgConnection> {
    match as_app.connect().await {
        Ok(session) => Ok(session),
        Err(_) => as_owner.connect().await,
    }
}

impl Credentials {
    /// The Secret with another login and another owner's password, as a manifest.
    #[must_use]
    pub fn manifest(&self, role: &str, password: &str, owner_password: &str) -> String {
        let mut data = self.secret.data.clone().unwrap_or_default();
        let bytes = |text: &str| ByteString(text.as_bytes().to_vec());
        data.insert(URL.to_owned(), bytes(&self.url.with(role, password)));
        data.insert(OWNER_PASSWORD.to_owned(), bytes(owner_password));
        let metadata = &self.secret.metadata;
        let manifest = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "type": self.secret.type_,
            "metadata": {
                "name": metadata.name,
                "namespace": metadata.namespace,
                "labels": metadata.labels,
            },
            "data": data,
        });
        manifest.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{Credentials, Secret};
    use crate::url::DatabaseUrl;
    use serde_json::json;

    const TEXT: &str = "postgres://app:old@app-database:5432/app";

    #[test]
    fn a_manifest_keeps_what_is_not_about_the_login() {
        let secret: Secret = serde_json::from_value(json!({
            "metadata": {
                "name": "app-database", "namespace": "team", "uid": "1", "resourceVersion": "7",
                "labels": {"app.kubernetes.io/name": "app"}
            },
            "type": "Opaque",
            "data": {"DATABASE_URL": "b2xk", "POSTGRES_PASSWORD": "b2xk", "OTHER": "a2VwdA=="}
        }))
        .unwrap();
        let credentials = Credentials {
            secret,
            text: TEXT.to_owned(),
            url: DatabaseUrl::parse(TEXT).unwrap(),
            owner_password: String::from("old"),
        };
        let manifest = credentials.manifest("app_a", "new", "owners");
        let manifest: Secret = serde_json::from_str(&manifest).unwrap();
        let data = manifest.data.unwrap();
        assert_eq!(data["OTHER"].0, b"kept");
        assert_eq!(data["POSTGRES_PASSWORD"].0, b"owners");
        assert_eq!(
            data["DATABASE_URL"].0,
            b"postgres://app_a:new@app-database:5432/app"
        );
        assert_eq!(manifest.metadata.labels.unwrap().len(), 1);
        assert_eq!(manifest.metadata.resource_version, None);
    }
}
