//! Argo CD's Applications and projects: what they say, waiting for them, and holding them still for a while.

use std::collections::BTreeMap;
use std::time::Duration;

use kube::api::{
    ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams,
    PostParams,
};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use super::clean_up::gone;
use super::{Cluster, LABEL};
use crate::failure::{Failure, ensure};
use crate::poll;
use crate::target::ArgoCd;

/// With it an Application is neither compared nor synced. The `ApplicationSet`s let it be.
const SKIP: &str = "argocd.argoproj.io/skip-reconcile";
/// Has Argo CD look at the branch now; it takes the annotation away when it did.
const REFRESH: &str = "argocd.argoproj.io/refresh";
/// A roll-out of three replicas, one by one, and a retry of a sync that failed before.
const SETTLED_WITHIN: Duration = Duration::from_mins(3);

/// What an Application says of itself.
#[derive(Debug)]
pub(crate) struct State(Value);

impl State {
    fn text(&self, pointer: &str) -> &str {
        self.0
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or("")
    }

    /// Where the cluster reads the repository, which need not be where it is pushed to from here.
    pub(crate) fn repository(&self) -> &str {
        self.text("/spec/source/repoURL")
    }

    pub(crate) fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// How it is synced.
    pub(crate) fn sync_policy(&self) -> Value {
        let policy = self.0.pointer("/spec/syncPolicy");
        policy.cloned().unwrap_or_default()
    }

    /// The commit that the cluster is compared with.
    pub(crate) fn revision(&self) -> &str {
        self.text("/status/sync/revision")
    }

    /// How the last sync ended, or that it runs.
    pub(crate) fn phase(&self) -> &str {
        self.text("/status/operationState/phase")
    }

    /// What became in the last sync of its hook of this kind.
    pub(crate) fn hook(&self, kind: &str) -> Option<&str> {
        let synced = self
            .0
            .pointer("/status/operationState/syncResult/resources")?;
        let of_kind = |one: &&Value| one.get("kind").and_then(Value::as_str) == Some(kind);
        let hook = synced.as_array()?.iter().find(of_kind)?;
        hook.get("hookPhase").and_then(Value::as_str)
    }

    pub(crate) fn health(&self) -> &str {
        self.text("/status/health/status")
    }

    /// Everything that it says, to look for words in.
    pub(crate) fn words(&self) -> String {
        self.0
            .pointer("/status")
            .map(Value::to_string)
            .unwrap_or_default()
    }

    /// The types and messages of its conditions.
    pub(crate) fn conditions(&self) -> Vec<(&str, &str)> {
        let conditions = self
            .0
            .pointer("/status/conditions")
            .and_then(Value::as_array);
        conditions
            .into_iter()
            .flatten()
            .map(|condition| {
                let field = |name: &str| condition.get(name).and_then(Value::as_str).unwrap_or("");
                (field("type"), field("message"))
            })
            .collect()
    }

    /// Fails unless it is as the commit says, and well.
    fn is_settled(&self, commit: Option<&str>) -> Result<(), Failure> {
        let annotations = self.0.pointer("/metadata/annotations");
        let refreshing = annotations.is_some_and(|annotations| annotations.get(REFRESH).is_some());
        let (sync, health, phase) = (
            self.text("/status/sync/status"),
            self.health(),
            self.phase(),
        );
        let there = commit.is_none_or(|commit| self.revision() == commit);
        ensure(
            !refreshing && there && sync == "Synced" && health == "Healthy" && phase == "Succeeded",
            || {
                let message = self.text("/status/operationState/message");
                format!(
                    "{sync}, {health}, last sync {phase} at {:.12}: {message}",
                    self.revision()
                )
            },
        )
    }
}

impl Cluster {
    fn application_api(&self, argocd: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), argocd, &application_kind())
    }

    /// What an Application says of itself.
    pub(crate) async fn application(&self, argocd: &ArgoCd, name: &str) -> Result<State, Failure> {
        let found = self.application_api(&argocd.namespace).get(name).await;
        let found = found.map_err(Failure::cluster(format!("get the Application {name}")))?;
        let doing =
            |error| Failure::wrong(format!("the Application {name} cannot be read: {error}"));
        serde_json::to_value(found).map(State).map_err(doing)
    }

    /// Makes an Application that is acceptance's own.
    pub(crate) async fn make_application(
        &self,
        argocd: &ArgoCd,
        name: &str,
        spec: Value,
    ) -> Result<(), Failure> {
        self.make_in_argocd(argocd, &application_kind(), name, &spec)
            .await
    }

    /// Makes a project of acceptance's own: like another, but one kind more comes through, and no person has a
    /// role in it.
    pub(crate) async fn make_project(
        &self,
        argocd: &ArgoCd,
        name: &str,
        like: &str,
        more: Value,
    ) -> Result<(), Failure> {
        let kind = project_kind();
        let found = self.of_argocd(argocd, &kind).get(like).await;
        let found = found.map_err(Failure::cluster(format!("get the AppProject {like}")))?;
        let mut spec = found.data.get("spec").cloned().unwrap_or_default();
        let kinds = spec
            .get_mut("namespaceResourceWhitelist")
            .and_then(Value::as_array_mut)
            .ok_or_else(|| Failure::wrong(format!("AppProject {like} lists no kinds")))?;
        kinds.push(more);
        spec["roles"] = json!([]);
        self.make_in_argocd(argocd, &kind, name, &spec).await
    }

    async fn make_in_argocd(
        &self,
        argocd: &ArgoCd,
        kind: &ApiResource,
        name: &str,
        spec: &Value,
    ) -> Result<(), Failure> {
        let made = DynamicObject::new(name, kind)
            .within(&argocd.namespace)
            .data(json!({"spec": spec}));
        let made = DynamicObject {
            metadata: kube::api::ObjectMeta {
                labels: Some([(LABEL.to_owned(), String::from("true"))].into()),
                ..made.metadata
            },
            ..made
        };
        let api = self.of_argocd(argocd, kind);
        let made = api.create(&PostParams::default(), &made).await;
        made.map(drop)
            .map_err(Failure::cluster(format!("create the {} {name}", kind.kind)))
    }

    fn of_argocd(&self, argocd: &ArgoCd, kind: &ApiResource) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), &argocd.namespace, kind)
    }

    /// Waits until the Applications are as the commit says and well.
    pub(crate) async fn await_settled(
        &self,
        argocd: &ArgoCd,
        names: &[&str],
        commit: &str,
    ) -> Result<(), Failure> {
        for name in names {
            self.settled(argocd, name, Some(commit)).await?;
        }
        Ok(())
    }

    async fn settled(
        &self,
        argocd: &ArgoCd,
        name: &str,
        commit: Option<&str>,
    ) -> Result<(), Failure> {
        self.refresh(argocd, name).await?;
        let what = format!("Application {name} Synced and Healthy");
        poll::until(&what, SETTLED_WITHIN, async || {
            self.application(argocd, name).await?.is_settled(commit)
        })
        .await
    }

    pub(crate) async fn refresh(&self, argocd: &ArgoCd, name: &str) -> Result<(), Failure> {
        self.annotate(argocd, name, json!({REFRESH: "normal"}))
            .await
    }

    /// Keeps Argo CD from undoing what is about to be changed.
    pub(crate) async fn hold_still(&self, argocd: &ArgoCd) -> Result<(), Failure> {
        for name in &argocd.applications {
            if !self.annotations(argocd, name).await?.contains_key(SKIP) {
                let held = json!({SKIP: "true", LABEL: "held"});
                self.annotate(argocd, name, held).await?;
            }
        }
        Ok(())
    }

    /// Gives what acceptance holds still back to Argo CD, and waits until all is as git has it; says what was.
    /// What somebody else holds stays so.
    pub(crate) async fn let_go(&self, argocd: &ArgoCd) -> Result<Vec<String>, Failure> {
        let mut held = Vec::new();
        for name in &argocd.applications {
            if self.annotations(argocd, name).await?.contains_key(LABEL) {
                let free = json!({SKIP: null, LABEL: null});
                self.annotate(argocd, name, free).await?;
                held.push(name);
            }
        }
        for name in &held {
            self.settled(argocd, name, None).await?;
        }
        Ok(held
            .into_iter()
            .map(|name| format!("Application {name} (let go)"))
            .collect())
    }

    /// None where there is no such Application.
    async fn annotations(
        &self,
        argocd: &ArgoCd,
        name: &str,
    ) -> Result<BTreeMap<String, String>, Failure> {
        let found = self.application_api(&argocd.namespace).get_opt(name).await;
        let found = found.map_err(Failure::cluster(format!("get the Application {name}")))?;
        let annotations = found.and_then(|found| found.metadata.annotations);
        Ok(annotations.unwrap_or_default())
    }

    async fn annotate(
        &self,
        argocd: &ArgoCd,
        name: &str,
        annotations: Value,
    ) -> Result<(), Failure> {
        let patch = Patch::Merge(json!({"metadata": {"annotations": annotations}}));
        let api = self.application_api(&argocd.namespace);
        let done = api.patch(name, &PatchParams::default(), &patch).await;
        done.map(drop)
            .map_err(Failure::cluster(format!("annotate the Application {name}")))
    }

    /// The Applications and projects that are acceptance's own; none where there is no Argo CD.
    pub(crate) async fn trials(&self) -> Result<Vec<String>, Failure> {
        let mut names = Vec::new();
        for kind in [application_kind(), project_kind()] {
            let found = self.find_trials(&kind).await?;
            names.extend(
                found
                    .iter()
                    .map(|found| format!("{} {}", kind.kind, found.name_any())),
            );
        }
        Ok(names)
    }

    /// Removes them, an Application before its project. They have no finalizer, so what they deployed stays, and
    /// goes by its own label.
    pub(crate) async fn remove_trials(&self) -> Result<(), Failure> {
        for kind in [application_kind(), project_kind()] {
            for found in self.find_trials(&kind).await? {
                let namespace = found.namespace().unwrap_or_default();
                let api: Api<DynamicObject> =
                    Api::namespaced_with(self.client.clone(), &namespace, &kind);
                let name = found.name_any();
                let done = api.delete(&name, &DeleteParams::default()).await;
                gone(done.map(drop), &format!("the {} {name}", kind.kind))?;
            }
        }
        Ok(())
    }

    async fn find_trials(&self, kind: &ApiResource) -> Result<Vec<DynamicObject>, Failure> {
        let api: Api<DynamicObject> = Api::all_with(self.client.clone(), kind);
        match api.list(&ListParams::default().labels(LABEL)).await {
            Ok(found) => Ok(found.items),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(Vec::new()),
            Err(error) => Err(Failure::cluster(format!("list each {}", kind.kind))(error)),
        }
    }
}

fn application_kind() -> ApiResource {
    of_argo_cd("Application")
}

fn project_kind() -> ApiResource {
    of_argo_cd("AppProject")
}

fn of_argo_cd(kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk("argoproj.io", "v1alpha1", kind))
}

#[cfg(test)]
mod tests {
    use super::State;
    use serde_json::{Value, json};

    fn state(sync: &str, health: &str, phase: &str) -> Value {
        json!({
            "metadata": {"annotations": {}},
            "status": {
                "sync": {"status": sync, "revision": "abc"}, "health": {"status": health},
                "operationState": {"phase": phase, "message": "denied"},
            },
        })
    }

    #[test]
    fn an_application_is_settled_when_all_three_say_so() {
        State(state("Synced", "Healthy", "Succeeded"))
            .is_settled(Some("abc"))
            .unwrap();
        for (sync, health, phase) in [
            ("OutOfSync", "Healthy", "Succeeded"),
            ("Synced", "Progressing", "Succeeded"),
            ("Synced", "Healthy", "Running"),
        ] {
            let failure = State(state(sync, health, phase))
                .is_settled(None)
                .unwrap_err()
                .to_string();
            assert!(failure.contains("denied"), "{failure}");
        }
    }

    #[test]
    fn what_became_of_a_hook_is_told_from_what_became_of_the_rest() {
        let resources = json!([
            {"kind": "ConfigMap", "hookPhase": "Succeeded"}, {"kind": "Job", "hookPhase": "Failed"},
        ]);
        let said = json!({"status": {"operationState": {"syncResult": {"resources": resources}}}});
        assert_eq!(State(said).hook("Job"), Some("Failed"));
        assert_eq!(State(json!({})).hook("Job"), None);
    }

    #[test]
    fn what_it_said_of_another_commit_or_before_it_looked_again_does_not_count() {
        assert!(
            State(state("Synced", "Healthy", "Succeeded"))
                .is_settled(Some("def"))
                .is_err()
        );
        let mut looking = state("Synced", "Healthy", "Succeeded");
        looking["metadata"]["annotations"] = json!({"argocd.argoproj.io/refresh": "normal"});
        assert!(State(looking).is_settled(None).is_err());
    }
}
