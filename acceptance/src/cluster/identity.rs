//! The certificates by which the services know each other, and other ones in their place for a while.
//!
//! What a Secret held is kept in it, so that it comes back even when the run that changed it was killed.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::ResourceExt;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::Cluster;
use super::app::App;
use crate::failure::Failure;
use crate::fresh;

/// Added to a key of the Secret: what it was before.
const BEFORE: &str = ".before-acceptance";
const KEYS: [&str; 3] = ["tls.crt", "tls.key", "ca.crt"];
/// A change of a pod makes its kubelet look at its volumes, which it else does once a minute.
const LOOK: &str = "invoice-platform.example/acceptance-look";
/// A kubelet that does not look at once does so within a minute and a half.
pub(crate) const TAKEN_WITHIN: Duration = Duration::from_secs(150);

/// A certificate and its private key, in PEM.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// What a service is known as, and whom it trusts, in PEM.
#[derive(Clone)]
pub(crate) struct KnownAs {
    pub(crate) identity: Identity,
    pub(crate) authorities: String,
}

impl App {
    /// The Secret of its certificate.
    pub(crate) fn identity_secret(self) -> String {
        format!("{}-tls", self.name())
    }
}

impl Cluster {
    /// What the service's Secret says.
    pub(crate) async fn known_as(&self, app: App) -> Result<KnownAs, Failure> {
        let (name, data) = (app.identity_secret(), self.identity_data(app).await?);
        Ok(KnownAs {
            identity: Identity {
                certificate: text(&data, &name, "tls.crt")?,
                key: text(&data, &name, "tls.key")?,
            },
            authorities: text(&data, &name, "ca.crt")?,
        })
    }

    /// Changes what the service is known as and whom it trusts, until [`Cluster::identities_back`].
    pub(crate) async fn make_known_as(&self, app: App, known: &KnownAs) -> Result<(), Failure> {
        let data = self.identity_data(app).await?;
        let mut fields = BTreeMap::from([
            ("tls.crt".to_owned(), known.identity.certificate.clone()),
            ("tls.key".to_owned(), known.identity.key.clone()),
            ("ca.crt".to_owned(), known.authorities.clone()),
        ]);
        if !is_changed(&data) {
            for key in KEYS {
                let was = text(&data, &app.identity_secret(), key)?;
                fields.insert(format!("{key}{BEFORE}"), was);
            }
        }
        self.patch_identity(app, json!({"stringData": fields}))
            .await?;
        self.have_kubelets_look(app).await
    }

    /// Whether it is known as something else than before.
    pub(crate) async fn is_known_otherwise(&self, app: App) -> Result<bool, Failure> {
        Ok(is_changed(&self.identity_data(app).await?))
    }

    /// Puts back what this or an earlier run changed; says what it was.
    pub(crate) async fn identities_back(&self) -> Result<Vec<String>, Failure> {
        let mut back = Vec::new();
        for app in App::ALL {
            let Ok(data) = self.identity_data(app).await else {
                continue; // Not deployed, or without certificates.
            };
            if !is_changed(&data) {
                continue;
            }
            let (mut fields, mut gone) = (BTreeMap::new(), BTreeMap::new());
            for key in KEYS {
                let kept = format!("{key}{BEFORE}");
                fields.insert(key, text(&data, &app.identity_secret(), &kept)?);
                gone.insert(kept, Value::Null);
            }
            self.patch_identity(app, json!({"stringData": fields, "data": gone}))
                .await?;
            self.have_kubelets_look(app).await?;
            back.push(format!("the certificate of {}", app.name()));
        }
        Ok(back)
    }

    async fn identity_data(&self, app: App) -> Result<BTreeMap<String, ByteString>, Failure> {
        let name = app.identity_secret();
        let secret = self.api::<Secret>(app.namespace()).get(&name).await;
        let secret = secret.map_err(Failure::cluster(format!("get the Secret {name}")))?;
        Ok(secret.data.unwrap_or_default())
    }

    async fn patch_identity(&self, app: App, patch: Value) -> Result<(), Failure> {
        let name = app.identity_secret();
        let secrets = self.api::<Secret>(app.namespace());
        let patched = secrets
            .patch(&name, &PatchParams::default(), &Patch::Merge(patch))
            .await;
        let doing = format!("change the Secret {name}");
        patched.map(drop).map_err(Failure::cluster(doing))
    }

    async fn have_kubelets_look(&self, app: App) -> Result<(), Failure> {
        let pods = self.api::<Pod>(app.namespace());
        let look = json!({"metadata": {"annotations": {LOOK: fresh::suffix()}}});
        for pod in self.replicas(app).await? {
            let patched = pods
                .patch(
                    &pod.name_any(),
                    &PatchParams::default(),
                    &Patch::Merge(&look),
                )
                .await;
            patched.map_err(Failure::cluster(format!("annotate {}", pod.name_any())))?;
        }
        Ok(())
    }
}

fn is_changed(data: &BTreeMap<String, ByteString>) -> bool {
    KEYS.iter()
        .any(|key| data.contains_key(&format!("{key}{BEFORE}")))
}

fn text(data: &BTreeMap<String, ByteString>, name: &str, key: &str) -> Result<String, Failure> {
    data.get(key)
        .and_then(|bytes| String::from_utf8(bytes.0.clone()).ok())
        .ok_or_else(|| Failure::wrong(format!("the Secret {name} has no {key}")))
}
