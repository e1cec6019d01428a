//! Asking the API server what it would do, without having it done.

use kube::api::{DeleteParams, PostParams};
use kube::core::Request as Address;
use proof::admission::{Operation, Request};
use serde_json::{Value, json};

use super::Cluster;
use crate::failure::Failure;

/// What the API server would do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    /// It would store or delete the object.
    Admitted,
    /// Admission lets it through, but no more fits into the namespace.
    OverQuota(String),
    /// It refuses, in these words.
    Refused(String),
    /// There is no such object to change, or no such kind at all.
    NotThere,
}

impl Cluster {
    /// What the API server would do with a request.
    pub(crate) async fn would(&self, request: &Request) -> Result<Answer, Failure> {
        let doing = || {
            format!(
                "try {} of a {}",
                request.operation.name(),
                request.kind.kind
            )
        };
        let address = Address::new(path(request));
        let once = PostParams {
            dry_run: true,
            ..PostParams::default()
        };
        let body = request.object.to_string().into_bytes();
        let made = match (request.operation, request.subresource.as_str()) {
            (Operation::Create, _) => address.create(&once, body),
            (Operation::Update, "") => address.replace(&request.name, &once, body),
            (Operation::Update, sub) => {
                address.replace_subresource(sub, &request.name, &once, body)
            }
            (Operation::Delete, _) => {
                address.delete(&request.name, &DeleteParams::default().dry_run())
            }
        };
        let mut made = made.map_err(|error| Failure::wrong(format!("{}: {error}", doing())))?;
        if request.user.starts_with("system:") {
            let user = request.user.parse();
            let user = user.map_err(|_| Failure::wrong(format!("no name: {}", request.user)))?;
            made.headers_mut().insert("Impersonate-User", user);
        }
        match self.client.request::<Value>(made).await {
            Ok(_) => Ok(Answer::Admitted),
            Err(kube::Error::Api(status)) => Ok(match status.code {
                404 => Answer::NotThere,
                // Said only of what admission let through. A conflict is said before admission is asked.
                409 if status.reason == "AlreadyExists" => Answer::Admitted,
                403 if status.message.contains("exceeded quota") => {
                    Answer::OverQuota(status.message)
                }
                _ => Answer::Refused(status.message),
            }),
            Err(error) => Err(Failure::cluster(doing())(error)),
        }
    }

    /// Any object, by the address that a request about it has.
    pub(crate) async fn object(&self, request: &Request) -> Result<Value, Failure> {
        let doing = || Failure::cluster(format!("get {}", request.name));
        let address =
            Address::new(path(request)).get(&request.name, &kube::api::GetParams::default());
        let address = address.map_err(|error| Failure::wrong(error.to_string()))?;
        self.client.request(address).await.map_err(doing())
    }

    /// Makes the object of a request for real.
    pub(crate) async fn make(&self, request: &Request) -> Result<(), Failure> {
        let doing = || Failure::cluster(format!("make the {} {}", request.kind.kind, request.name));
        let body = request.object.to_string().into_bytes();
        let address = Address::new(path(request)).create(&PostParams::default(), body);
        let address = address.map_err(|error| Failure::wrong(error.to_string()))?;
        let made = self.client.request::<Value>(address).await;
        made.map(drop).map_err(doing())
    }
}

/// `/apis/apps/v1/namespaces/invoice/deployments`, for example.
fn path(request: &Request) -> String {
    let kind = &request.kind;
    let group = if kind.group.is_empty() {
        format!("/api/{}", kind.version)
    } else {
        format!("/apis/{}/{}", kind.group, kind.version)
    };
    match &request.namespace {
        Some(namespace) => format!("{group}/namespaces/{namespace}/{}", kind.resource),
        None => format!("{group}/{}", kind.resource),
    }
}

/// A namespace that nothing but the admission policies guards.
pub(crate) fn bare_namespace(name: &str, label: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {label: "true"}}})
}
