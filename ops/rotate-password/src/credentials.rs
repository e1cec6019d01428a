//! What the app's Secret says.

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use serde_json::json;

use crate::error::Error;
use crate::url::DatabaseUrl;

const URL: &str = "DATABASE_URL";
/// The owner's, which the database's image is given when it makes a new database.
const OWNER_PASSWORD: &str = "POSTGRES_PASSWORD";

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

impl Credentials {
    /// Reads a Secret.
    ///
    /// # Errors
    /// When it has not what is needed.
    pub fn read(secret: Secret) -> Result<Self, Error> {
        let value = |key: &'static str| {
            let value = secret.data.as_ref().and_then(|data| data.get(key));
            value
                .and_then(|value| String::from_utf8(value.0.clone()).ok())
                .ok_or_else(|| Error::NoKey {
                    secret: secret.metadata.name.clone().unwrap_or_default(),
                    key,
                })
        };
        let text = value(URL)?;
        let url = DatabaseUrl::parse(&text)?;
        let owner_password = value(OWNER_PASSWORD)?;
        Ok(Self {
            secret,
            text,
            url,
            owner_password,
        })
    }

    /// The whole `DATABASE_URL`.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

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
    use super::{ByteString, Credentials, Secret};
    use serde_json::json;

    const TEXT: &str = "postgres://app:old@app-database:5432/app";

    fn bytes(text: &str) -> ByteString {
        ByteString(text.as_bytes().to_vec())
    }

    #[test]
    fn a_manifest_keeps_what_is_not_about_the_login() {
        let secret: Secret = serde_json::from_value(json!({
            "metadata": {
                "name": "app-database", "namespace": "team", "uid": "1", "resourceVersion": "7",
                "labels": {"app.kubernetes.io/name": "app"}
            },
            "type": "Opaque",
            "data": {"DATABASE_URL": bytes(TEXT), "POSTGRES_PASSWORD": bytes("old"), "OTHER": bytes("kept")}
        }))
        .unwrap();
        let credentials = Credentials::read(secret).unwrap();
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
