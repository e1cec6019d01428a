//! The app in the cluster: a way to its Secret and to its database.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::config::KubeConfigOptions;
use kube::{Api, Client, Config};
use port_forward::Forward;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, PgConnection};
use tokio::time::{Instant, sleep};

use crate::credentials::Credentials;
use crate::error::Error;
use crate::rotation::Place;
use crate::url::DatabaseUrl;

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

    fn elsewhere(&self, url: &DatabaseUrl) -> Error {
        Error::Elsewhere {
            app: self.app.clone(),
            namespace: self.namespace.clone(),
            host: url.host().to_owned(),
        }
    }
}

impl Place for Cluster {
    type Session = Session;

    async fn credentials(&self) -> Result<Credentials, Error> {
        let name = self.database();
        let secret = self.api::<Secret>().get(&name).await?;
        let credentials = Credentials::read(secret)?;
        if credentials.url.host() != name {
            return Err(self.elsewhere(&credentials.url));
        }
        Ok(credentials)
    }

    async fn open(&self, credentials: &Credentials) -> Result<Session, Error> {
        let name = format!("{}-0", self.database());
        let forward = Forward::open(self.api::<Pod>(), name, DATABASE_PORT)
            .await
            .map_err(Error::Port)?;
        let as_app: PgConnectOptions = credentials.text().parse()?;
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

    async fn await_secret(&self, role: &str) -> Result<Credentials, Error> {
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

    async fn roll(&self) -> Result<(), Error> {
        self.replace_pods().await
    }
}

/// A session in the database, and the way to it.
pub struct Session {
    database: PgConnection,
    _forward: Forward,
}

impl AsMut<PgConnection> for Session {
    fn as_mut(&mut self) -> &mut PgConnection {
        &mut self.database
    }
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
