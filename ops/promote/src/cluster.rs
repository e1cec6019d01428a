//! What a cluster says, asked through kubectl, which knows every way of proving who one is.

use std::path::PathBuf;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::program::{Call, ProgramError};
use crate::running::{Running, Unhealthy, judge};

/// Where Argo CD and its Applications are.
const ARGO_CD: &str = "argocd";

/// A cluster, by its kube context.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    pub(crate) context: String,
    pub(crate) kubectl: PathBuf,
}

/// Why a cluster's answer is of no use.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// It does not answer, or refuses.
    #[error("the cluster of kube context {context} does not say what runs there: {source}")]
    Silent {
        /// Its kube context.
        context: String,
        /// What kubectl said.
        source: ProgramError,
    },
    /// It answers something else.
    #[error(
        "the cluster of kube context {context} answered something else than was asked for: {source}"
    )]
    Malformed {
        /// Its kube context.
        context: String,
        /// What is wrong with the answer.
        source: serde_json::Error,
    },
    /// The app is not there.
    #[error("there is no Deployment {name} in namespace {namespace} of kube context {context}")]
    NotThere {
        /// The Deployment.
        name: String,
        /// Its namespace.
        namespace: String,
        /// The kube context.
        context: String,
    },
    /// The app is not well.
    #[error(transparent)]
    Unhealthy(#[from] Unhealthy),
}

#[derive(Deserialize)]
struct List<T> {
    items: Vec<T>,
}

/// What Argo CD says of an Application, as far as it matters here.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Application {
    status: ApplicationStatus,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ApplicationStatus {
    health: Word,
    sync: Word,
    conditions: Vec<Message>,
    operation_state: Option<Operation>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Word {
    status: String,
    revision: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Message {
    message: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Operation {
    phase: String,
    message: String,
    sync_result: SyncResult,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct SyncResult {
    resources: Vec<Synced>,
}

/// An object of a sync; one with a type of hook is one. The phase is every object's.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Synced {
    name: String,
    hook_type: String,
    hook_phase: String,
    message: String,
}

impl Application {
    /// The commit that it compares the cluster with.
    pub(crate) fn revision(&self) -> &str {
        &self.status.sync.revision
    }

    /// What Argo CD is doing, while it is: a hook may still fail then.
    pub(crate) fn goes_on(&self) -> Option<&str> {
        let operation = self.status.operation_state.as_ref()?;
        (operation.phase == "Running").then_some(operation.message.as_str())
    }

    /// Fails unless it is Healthy and Synced, and no hook of the last sync failed.
    pub(crate) fn judge(&self) -> Result<(), Unhealthy> {
        let status = &self.status;
        if status.health.status == "Healthy" && status.sync.status == "Synced" {
            return self.failed_hook().map_or(Ok(()), Err);
        }
        let or_unknown = |word: &str| {
            if word.is_empty() {
                String::from("Unknown")
            } else {
                word.to_owned()
            }
        };
        Err(Unhealthy::Application {
            health: or_unknown(&status.health.status),
            sync: or_unknown(&status.sync.status),
            message: self.message(),
        })
    }

    /// What has failed stays so when a later commit changes nothing here, since nothing is synced then.
    fn failed_hook(&self) -> Option<Unhealthy> {
        let operation = self.status.operation_state.as_ref()?;
        let mut hooks = operation.sync_result.resources.iter();
        let failed = hooks.find(|object| {
            let ended = object.hook_phase.as_str();
            !object.hook_type.is_empty() && ["Failed", "Error"].contains(&ended)
        })?;
        Some(Unhealthy::Hook {
            name: failed.name.clone(),
            message: failed.message.clone(),
        })
    }

    /// Conditions first: they tell why there is no operation at all.
    fn message(&self) -> String {
        let status = &self.status;
        let condition = status
            .conditions
            .first()
            .map(|condition| condition.message.clone());
        let operation = status
            .operation_state
            .as_ref()
            .filter(|operation| operation.phase != "Succeeded")
            .map(|operation| operation.message.clone());
        condition.or(operation).unwrap_or_default()
    }
}

impl Cluster {
    /// What runs of an app, if all is well with it: its replicas and, where Argo CD is, its Application.
    pub(crate) fn running(&self, app: &App, environment: &str) -> Result<Running, ClusterError> {
        if let Some(application) = self.application(app, environment)? {
            application.judge()?;
        }
        self.replicas(app)
    }

    /// What runs of an app, if all its replicas do.
    pub(crate) fn replicas(&self, app: &App) -> Result<Running, ClusterError> {
        let App { name, namespace } = app;
        let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/{name}");
        let deployment: Deployment = self.get(&path)?.ok_or_else(|| ClusterError::NotThere {
            name: name.clone(),
            namespace: namespace.clone(),
            context: self.context.clone(),
        })?;
        let selector = format!("app.kubernetes.io%2Fname%3D{name}");
        let path = format!("/api/v1/namespaces/{namespace}/pods?labelSelector={selector}");
        let pods: Option<List<Pod>> = self.get(&path)?;
        let pods = pods.map_or_else(Vec::new, |pods| pods.items);
        Ok(judge(name, &deployment, &pods)?)
    }

    /// The Application of an app, where Argo CD has one.
    pub(crate) fn application(
        &self,
        app: &App,
        environment: &str,
    ) -> Result<Option<Application>, ClusterError> {
        let name = &app.name;
        self.get(&format!(
            "/apis/argoproj.io/v1alpha1/namespaces/{ARGO_CD}/applications/{name}-{environment}"
        ))
    }

    /// Has Argo CD look at the branch now, and not when it next would.
    pub(crate) fn refresh(&self, app: &App, environment: &str) -> Result<(), ClusterError> {
        let application = format!("applications.argoproj.io/{}-{environment}", app.name);
        let call = self.call().with([
            "--namespace",
            ARGO_CD,
            "annotate",
            "--overwrite",
            &application,
            "argocd.argoproj.io/refresh=normal",
        ]);
        call.output().map(drop).map_err(self.silent())
    }

    /// `None` where there is no such thing, or no such kind.
    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, ClusterError> {
        let answer = match self.call().with(["get", "--raw", path]).output() {
            Err(ProgramError::Failed { complaint, .. }) if complaint.contains("(NotFound)") => {
                return Ok(None);
            }
            other => other.map_err(self.silent())?,
        };
        let read = serde_json::from_str(&answer);
        read.map(Some).map_err(|source| ClusterError::Malformed {
            context: self.context.clone(),
            source,
        })
    }

    fn call(&self) -> Call {
        Call::of(&self.kubectl).with(["--context", &self.context, "--request-timeout=10s"])
    }

    fn silent(&self) -> impl FnOnce(ProgramError) -> ClusterError {
        let context = self.context.clone();
        move |source| ClusterError::Silent { context, source }
    }
}

#[cfg(test)]
mod tests {
    use super::Application;
    use serde_json::{Value, json};

    fn judged(status: &Value) -> String {
        let application: Application = serde_json::from_value(json!({"status": status})).unwrap();
        application
            .judge()
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn an_application_is_well_when_it_is_healthy_and_synced() {
        let well = json!({"health": {"status": "Healthy"}, "sync": {"status": "Synced", "revision": "abc"}});
        assert_eq!(judged(&well), "");
    }

    #[test]
    fn what_argo_cd_says_of_an_unhealthy_one_is_passed_on() {
        let failed = json!({
            "health": {"status": "Degraded"}, "sync": {"status": "OutOfSync"},
            "operationState": {"phase": "Failed", "message": "one object was refused"},
        });
        assert_eq!(
            judged(&failed),
            "its Application is Degraded and OutOfSync: one object was refused"
        );
        assert_eq!(judged(&json!({})), "its Application is Unknown and Unknown");
    }

    #[test]
    fn a_failed_hook_is_told_though_all_else_is_well() {
        // As Argo CD tells it: each object has a phase, a hook a type too.
        let synced = |service: &str, hook: &str| {
            json!({
                "health": {"status": "Healthy"}, "sync": {"status": "Synced"},
                "operationState": {"phase": "Failed", "syncResult": {"resources": [
                    {"kind": "Service", "name": "app", "hookPhase": service, "status": "Synced"},
                    {"kind": "Job", "name": "app-smoke", "hookType": "PostSync", "hookPhase": hook, "message": "it gave up"},
                ]}},
            })
        };
        let words = "the hook app-smoke of its last sync failed: it gave up";
        assert_eq!(judged(&synced("Succeeded", "Failed")), words);
        assert_eq!(judged(&synced("Succeeded", "Error")), words);
        assert_eq!(judged(&synced("Succeeded", "Succeeded")), "");
        // A commit that was refused and taken back: what is there now was synced before.
        assert_eq!(judged(&synced("Failed", "")), "");
    }

    #[test]
    fn what_argo_cd_is_doing_is_told_while_it_is() {
        let during = |phase: &str| {
            let status =
                json!({"operationState": {"phase": phase, "message": "waiting for a hook"}});
            let application: Application =
                serde_json::from_value(json!({"status": status})).unwrap();
            application.goes_on().map(str::to_owned)
        };
        assert_eq!(during("Running").as_deref(), Some("waiting for a hook"));
        assert_eq!(during("Succeeded"), None);
    }
}
