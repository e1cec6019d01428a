//! Pods that run the probe program. A gate that nobody opens keeps them from ever being ready, so no Service
//! sends them traffic whatever labels they carry.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, Pod};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::ResourceExt;
use kube::api::{DeleteParams, LogParams, PostParams};
use probe::outcome::{Finding, Outcome};
use serde_json::{Value, json};

use super::pods::{address, endpoint, is_ready, state};
use super::{Cluster, LABEL};
use crate::failure::{Failure, ensure};
use crate::fresh;
use crate::poll;

const NAME: &str = "app.kubernetes.io/name";
const PART_OF: &str = "app.kubernetes.io/part-of";
/// The port that listening probes listen on.
pub(crate) const LISTEN_PORT: u16 = 8080;
/// The port of a relaying probe's own loopback.
pub(crate) const RELAY_PORT: u16 = 8443;
const START_WITHIN: Duration = Duration::from_mins(2);
/// More than the wait for allowed targets and all tries of denied ones.
const REACH_WITHIN: Duration = Duration::from_mins(2);

/// A probe pod to be made.
pub(crate) struct ProbePod<'a> {
    pub(crate) namespace: &'a str,
    /// What it is for, part of its name.
    pub(crate) role: &'a str,
    /// Labels besides acceptance's own.
    pub(crate) labels: &'a [(&'a str, &'a str)],
}

/// Where a probe should get through and where not.
#[derive(Default)]
pub(crate) struct Reach {
    pub(crate) allowed: Vec<String>,
    pub(crate) denied: Vec<String>,
}

impl Cluster {
    /// A namespace of acceptance's own, without any policy.
    pub(crate) async fn scratch_namespace(&self) -> Result<String, Failure> {
        self.imitating_namespace(&BTreeMap::new()).await
    }

    /// The same, with labels that others go by.
    pub(crate) async fn imitating_namespace(
        &self,
        worn: &BTreeMap<String, String>,
    ) -> Result<String, Failure> {
        let name = format!("acceptance-{}", fresh::suffix());
        let mut labels = worn.clone();
        // The API server writes it, and refuses another name than the namespace's.
        labels.remove("kubernetes.io/metadata.name");
        labels.insert(LABEL.to_owned(), "true".to_owned());
        labels.insert(
            "pod-security.kubernetes.io/enforce".to_owned(),
            "restricted".to_owned(),
        );
        let namespace: Namespace =
            from_json(json!({"metadata": {"name": name, "labels": labels}}))?;
        let made = self
            .all::<Namespace>()
            .create(&PostParams::default(), &namespace)
            .await;
        made.map_err(Failure::cluster("create a scratch namespace"))?;
        Ok(name)
    }

    /// Adds a policy, labelled as acceptance's own.
    pub(crate) async fn add_policy(
        &self,
        namespace: &str,
        role: &str,
        spec: Value,
    ) -> Result<(), Failure> {
        let name = format!("acceptance-{role}-{}", fresh::suffix());
        let policy: NetworkPolicy = from_json(
            json!({"metadata": {"name": name, "labels": {LABEL: "true"}}, "spec": spec}),
        )?;
        let made = self
            .api::<NetworkPolicy>(namespace)
            .create(&PostParams::default(), &policy)
            .await;
        made.map(drop).map_err(Failure::cluster(format!(
            "create the policy {name} in {namespace}"
        )))
    }

    /// Starts a pod that listens; gives its `host:port` once its container runs.
    pub(crate) async fn listener(&self, pod: &ProbePod<'_>) -> Result<String, Failure> {
        let running = self.listening(pod).await?;
        Ok(endpoint(&address(&running)?, LISTEN_PORT))
    }

    /// The same; gives the pod.
    pub(crate) async fn listening(&self, pod: &ProbePod<'_>) -> Result<Pod, Failure> {
        let listen = ["listen", "--port", &LISTEN_PORT.to_string()];
        self.start_and_await(pod, &listen).await
    }

    /// Starts a pod that carries connections to [`RELAY_PORT`] on to `to`; gives it once it runs.
    pub(crate) async fn relay(&self, pod: &ProbePod<'_>, to: &str) -> Result<Pod, Failure> {
        let relay = ["relay", "--port", &RELAY_PORT.to_string(), "--to", to];
        self.start_and_await(pod, &relay).await
    }

    async fn start_and_await(
        &self,
        pod: &ProbePod<'_>,
        arguments: &[&str],
    ) -> Result<Pod, Failure> {
        let name = self.start(pod, arguments).await?;
        poll::until(&format!("pod {name} running"), START_WITHIN, async || {
            let now = self
                .api::<Pod>(pod.namespace)
                .get(&name)
                .await
                .map_err(Failure::cluster(format!("get {name}")))?;
            let running = now
                .status
                .as_ref()
                .and_then(|status| status.phase.as_deref())
                == Some("Running");
            ensure(running, || state(&now))?;
            ensure(!is_ready(&now), || {
                format!("{name} is ready although its gate is shut, so Services send it traffic")
            })?;
            address(&now)?;
            Ok(now)
        })
        .await
    }

    /// Starts a pod that reaches for the targets, waits for its findings and removes it.
    pub(crate) async fn reach(
        &self,
        pod: &ProbePod<'_>,
        reach: &Reach,
    ) -> Result<Vec<Finding>, Failure> {
        let mut arguments = vec!["reach", "--wait", "40s"];
        arguments.extend(
            reach
                .allowed
                .iter()
                .flat_map(|target| ["--allowed", target]),
        );
        arguments.extend(reach.denied.iter().flat_map(|target| ["--denied", target]));
        let name = self.start(pod, &arguments).await?;
        let api = self.api::<Pod>(pod.namespace);
        let what = format!("the findings of pod {name}");
        let found = poll::until(&what, REACH_WITHIN, async || {
            let now = api
                .get_opt(&name)
                .await
                .map_err(Failure::cluster(format!("get {name}")))?;
            // Somebody removed it: waiting longer would not bring it back.
            let Some(now) = now else { return Ok(false) };
            let phase = now
                .status
                .as_ref()
                .and_then(|status| status.phase.as_deref());
            ensure(matches!(phase, Some("Succeeded" | "Failed")), || {
                state(&now)
            })?;
            Ok(true)
        })
        .await?;
        ensure(found, || {
            format!("pod {name} was removed before it was done: is another run going on?")
        })?;
        let log = api
            .logs(&name, &LogParams::default())
            .await
            .map_err(Failure::cluster(format!("read the log of {name}")))?;
        let at_once = DeleteParams::default().grace_period(0);
        api.delete(&name, &at_once)
            .await
            .map_err(Failure::cluster(format!("delete {name}")))?;
        findings(&log)
    }

    async fn start(&self, pod: &ProbePod<'_>, arguments: &[&str]) -> Result<String, Failure> {
        let manifest = manifest(pod, arguments, &self.probe_image)?;
        let name = manifest.name_any();
        let made = self
            .api::<Pod>(pod.namespace)
            .create(&PostParams::default(), &manifest)
            .await;
        made.map_err(Failure::cluster(format!(
            "create pod {name} in {}",
            pod.namespace
        )))?;
        Ok(name)
    }
}

fn manifest(pod: &ProbePod<'_>, arguments: &[&str], image: &str) -> Result<Pod, Failure> {
    let mut labels: BTreeMap<&str, &str> = pod.labels.iter().copied().collect();
    labels.insert(LABEL, "true");
    // Admission asks for both in the teams' namespaces, a stranger's pod not excepted; no policy selects
    // this name.
    labels.entry(NAME).or_insert("acceptance");
    labels.entry(PART_OF).or_insert("invoice-platform");
    let size = json!({"cpu": "50m", "memory": "16Mi"});
    from_json(json!({
        "metadata": {"name": format!("acceptance-{}-{}", pod.role, fresh::suffix()), "labels": labels},
        "spec": {
            "readinessGates": [{"conditionType": "invoice-platform.example/never"}],
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "probe",
                "image": image,
                "args": arguments,
                "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": size},
                "securityContext": {
                    "allowPrivilegeEscalation": false,
                    "readOnlyRootFilesystem": true,
                    "capabilities": {"drop": ["ALL"]},
                },
            }],
        },
    }))
}

pub(crate) fn from_json<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Failure> {
    serde_json::from_value(value)
        .map_err(|error| Failure::wrong(format!("a manifest of acceptance is malformed: {error}")))
}

/// Reads a probe's log: one finding a line.
fn findings(log: &str) -> Result<Vec<Finding>, Failure> {
    let lines = log.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            serde_json::from_str(line)
                .map_err(|_| Failure::wrong(format!("the probe said `{line}`")))
        })
        .collect()
}

/// Fails unless every allowed target was connected and every denied one stayed silent. A target without a
/// finding counts as neither.
pub(crate) fn judge(who: &str, reach: &Reach, findings: &[Finding]) -> Result<(), Failure> {
    expect(who, &reach.allowed, findings, Outcome::Connected)?;
    expect(who, &reach.denied, findings, Outcome::TimedOut)
}

fn expect(
    who: &str,
    targets: &[String],
    findings: &[Finding],
    wanted: Outcome,
) -> Result<(), Failure> {
    for target in targets {
        let found = findings.iter().find(|finding| finding.target == *target);
        let found = found
            .ok_or_else(|| Failure::wrong(format!("{who} reported nothing about {target}")))?;
        ensure(found.outcome == wanted, || {
            format!(
                "{who}, reaching for {target}: {:?} after {} ms, should be {wanted:?}",
                found.outcome, found.millis
            )
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{ProbePod, Reach, findings, judge, manifest};
    use probe::outcome::Outcome;

    const LOG: &str = "{\"target\":\"10.0.0.1:80\",\"outcome\":\"connected\",\"millis\":3}\n\
                       {\"target\":\"10.0.0.2:80\",\"outcome\":\"timed_out\",\"millis\":6004}\n";

    fn reach(allowed: &[&str], denied: &[&str]) -> Reach {
        let owned = |targets: &[&str]| targets.iter().map(|target| (*target).to_owned()).collect();
        Reach {
            allowed: owned(allowed),
            denied: owned(denied),
        }
    }

    #[test]
    fn a_probes_log_is_read_line_by_line() {
        let findings = findings(LOG).unwrap();
        assert_eq!(findings.len(), 2);
        assert_eq!(findings[1].outcome, Outcome::TimedOut);
        assert!(super::findings("thread panicked").is_err());
    }

    #[test]
    fn reached_and_silent_targets_pass_when_they_should_be_so() {
        let findings = findings(LOG).unwrap();
        judge(
            "stranger",
            &reach(&["10.0.0.1:80"], &["10.0.0.2:80"]),
            &findings,
        )
        .unwrap();
    }

    #[test]
    fn a_denied_target_that_answers_fails_with_its_address() {
        let findings = findings(LOG).unwrap();
        let error = judge("stranger", &reach(&[], &["10.0.0.1:80"]), &findings)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("10.0.0.1:80") && error.contains("Connected"),
            "{error}"
        );
    }

    #[test]
    fn an_allowed_target_that_is_silent_or_missing_fails() {
        let findings = findings(LOG).unwrap();
        assert!(judge("stranger", &reach(&["10.0.0.2:80"], &[]), &findings).is_err());
        assert!(judge("stranger", &reach(&[], &["10.0.0.3:80"]), &findings).is_err());
    }

    #[test]
    fn a_probe_pod_is_never_ready_and_carries_both_labels() {
        let pod = ProbePod {
            namespace: "n",
            role: "twin",
            labels: &[("app.kubernetes.io/name", "invoice-app")],
        };
        let manifest = manifest(&pod, &["listen"], "probe@sha256:00").unwrap();
        let labels = manifest.metadata.labels.unwrap();
        assert_eq!(labels["app.kubernetes.io/name"], "invoice-app");
        assert_eq!(labels[super::LABEL], "true");
        assert_eq!(labels["app.kubernetes.io/part-of"], "invoice-platform");
        assert_eq!(manifest.spec.unwrap().readiness_gates.unwrap().len(), 1);
    }
}
