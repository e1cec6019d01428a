//! Every case of the admission policies, put to the API server as a dry run. In the teams' namespaces Pod
//! Security or the limits may refuse a pod first; so everything is tried in a namespace of acceptance's own
//! too, which only the policies guard, and there the policy and its words have to be the right ones.

mod judged;
mod of_a_running;
mod pod_security;
mod rendered;
mod sizes;

use std::collections::BTreeSet;
use std::path::Path;

use futures_util::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::ResourceExt;
use kube::api::ListParams;
use proof::admission::{Operation, Place, Request, Trial, Trials};
use serde_json::{Value, json};

use judged::{Judged, Refused};

use super::ClusterWorld;
use crate::check::Seen;
use crate::check::doors::Deployment;
use crate::cluster::LABEL;
use crate::cluster::app::App;
use crate::cluster::dry_run::{Answer, bare_namespace};
use crate::cluster::probe_pod::ProbePod;
use crate::failure::Failure;
use crate::fresh;

const AT_ONCE: usize = 16;
const TEAMS: [&str; 3] = ["invoice", "payments", "operations"];
const IMAGES: &str = "invoice-platform-images";
/// The kinds of which one is made in a team's namespace, to be changed there.
const CHANGED: [&str; 3] = ["Deployment", "Service", "NetworkPolicy"];

pub(crate) async fn are_refused(world: &ClusterWorld) -> Seen {
    let compared = rendered::is_what_holds(world).await?;
    let own = format!("acceptance-{}", fresh::suffix());
    let trials = trials(world, &own).await?;
    let sized = sizes::are_bounded(world, &trials).await?;
    let secured = pod_security::holds(world, &trials).await?;
    let namespace = Request::create(bare_namespace(&own, LABEL));
    world.cluster.make(&namespace).await?;
    let prepared = Prepared::make(world, &own, &trials).await?;
    let asked = prepared.requests(&trials);
    world.console().step(&format!(
        "{} requests as dry runs, {} of them where only a policy refuses",
        asked.len(),
        asked.iter().filter(|asked| asked.strictly).count(),
    ));
    let judged = stream::iter(asked.iter().map(|asked| asked.judge(world)));
    let judged: Vec<Judged> = judged.buffer_unordered(AT_ONCE).try_collect().await?;
    let refusals = trials
        .all()
        .iter()
        .filter_map(|trial| trial.refusal.as_ref());
    let policies = refusals.map(|refusal| refusal.policy.as_str()).collect();
    Ok(format!(
        "{}; {} kinds; {secured} pods refused by Pod Security in {} namespaces of teams; {sized} sizes judged by \
         limits and quota; {compared} policies and bindings hold as rendered",
        judged::shown(&judged, &policies)?,
        asked
            .iter()
            .map(|asked| &asked.request.kind.kind)
            .collect::<BTreeSet<_>>()
            .len(),
        TEAMS.len(),
    ))
}

/// The cases, with the registry that this cluster's policy allows.
async fn trials(world: &ClusterWorld, own: &str) -> Result<Trials, Failure> {
    let policy = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": IMAGES}});
    let policy = world.cluster.object(&Request::create(policy)).await?;
    let variables = policy["spec"]["variables"].as_array().into_iter().flatten();
    let registries = variables
        .filter(|variable| variable["name"] == "registries")
        .find_map(|variable| variable["expression"].as_str());
    let registry = registries.and_then(|list| list.split('\'').nth(1));
    let registry = registry.ok_or_else(|| Failure::wrong(format!("{IMAGES} names no registry")))?;
    let place = Place {
        registry: Some(registry.to_owned()),
        others: Some(own.to_owned()),
    };
    // The cases are files of the repository, in whose root acceptance runs.
    Trials::at(Path::new("."), &place).map_err(|error| Failure::wrong(error.to_string()))
}

/// What is there to be changed.
struct Prepared {
    own: String,
    namespaces: BTreeSet<String>,
    /// A running pod in a team's namespace and one in acceptance's own.
    pods: Vec<Value>,
    workloads: BTreeSet<String>,
    /// Good objects in a team's namespace, as the cases have them before a change.
    of_team: Vec<Value>,
}

/// One request and what has to be said.
struct Asked<'a> {
    trial: &'a Trial,
    request: Request,
    /// Whether nothing but the policies can refuse it.
    strictly: bool,
}

impl Prepared {
    async fn make(world: &ClusterWorld, own: &str, trials: &Trials) -> Result<Self, Failure> {
        let all = world.cluster.all::<Namespace>();
        let listed = all.list(&ListParams::default()).await;
        let listed = listed.map_err(Failure::cluster("list namespaces"))?;
        let mut pods = Vec::new();
        for namespace in [App::InvoiceApp.namespace(), own] {
            let pod = ProbePod {
                namespace,
                role: "looked-into",
                labels: &[],
            };
            pods.push(to_be_changed(&world.cluster.listening(&pod).await?)?);
        }
        let mut workloads = BTreeSet::new();
        for trial in trials.all() {
            let request = &trial.request;
            let changed = request.operation == Operation::Update && changeable(request);
            if changed && workloads.insert(request.kind.kind.clone()) {
                world
                    .cluster
                    .make(&there(&Request::create(request.old_object.clone()), own))
                    .await?;
            }
        }
        let of_team = good_of_team(trials);
        for good in &of_team {
            let mut labelled = good.clone();
            labelled["metadata"]["labels"][LABEL] = json!("true");
            world.cluster.make(&Request::create(labelled)).await?;
        }
        Ok(Self {
            of_team,
            own: own.to_owned(),
            namespaces: listed.iter().map(ResourceExt::name_any).collect(),
            pods,
            workloads,
        })
    }

    /// Each trial where this cluster can answer it.
    fn requests<'a>(&self, trials: &'a Trials) -> Vec<Asked<'a>> {
        let mut asked = Vec::new();
        for trial in trials.all() {
            let request = &trial.request;
            let Some(namespace) = &request.namespace else {
                continue;
            };
            let everywhere = self.holds_in_own(trials, trial);
            let pod = request.kind.kind == "Pod";
            match (request.operation, request.subresource.as_str()) {
                (Operation::Update, "") if request.kind.kind != "NetworkPolicy" => {
                    asked.extend(self.changes(trial, everywhere));
                }
                // Which amounts of a pod that runs may be changed at all is judged before admission.
                (Operation::Update, "resize") => {}
                (Operation::Update, "ephemeralcontainers") => {
                    for pod in &self.pods {
                        let own = pod["metadata"]["namespace"] == self.own.as_str();
                        if !own || everywhere {
                            let request = with_ephemeral(request, pod);
                            asked.push(Asked {
                                trial,
                                request,
                                strictly: own,
                            });
                        }
                    }
                }
                _ => {
                    let known = self.namespaces.contains(namespace) || *namespace == self.own;
                    if known && may_get_as_far(request, namespace) {
                        let strictly = !pod || *namespace == self.own;
                        asked.push(Asked {
                            trial,
                            request: request.clone(),
                            strictly,
                        });
                    }
                    if request.operation == Operation::Create
                        && everywhere
                        && *namespace == App::InvoiceApp.namespace()
                    {
                        let request = there(request, &self.own);
                        asked.push(Asked {
                            trial,
                            request,
                            strictly: true,
                        });
                    }
                }
            }
        }
        asked
    }

    /// The case as a change of what is there: of a running pod, of acceptance's own, of a team's.
    fn changes<'a>(&self, trial: &'a Trial, everywhere: bool) -> Vec<Asked<'a>> {
        let request = &trial.request;
        // What was bad before cannot be made any more.
        if already(request) {
            return Vec::new();
        }
        let asked = |request, strictly| Asked {
            trial,
            request,
            strictly,
        };
        if request.kind.kind == "Pod" {
            let of_own = |pod: &Value| pod["metadata"]["namespace"] == self.own.as_str();
            let pods = self.pods.iter().filter(|pod| everywhere || !of_own(pod));
            let changed = pods.filter_map(|pod| Some((of_a_running::pod(request, pod)?, pod)));
            return changed
                .map(|(request, pod)| asked(request, of_own(pod)))
                .collect();
        }
        let in_own = everywhere && self.workloads.contains(&request.kind.kind);
        let in_own = in_own.then(|| there(request, &self.own));
        let of_team = self.of_team.contains(&request.old_object) && keeps_its_address(request);
        let of_team = of_team.then(|| request.clone());
        let all = in_own.into_iter().chain(of_team);
        all.map(|request| asked(request, true)).collect()
    }

    /// Whether the case gets the same answer in acceptance's own namespace.
    fn holds_in_own(&self, trials: &Trials, trial: &Trial) -> bool {
        let there = |other: &&Trial| {
            other.case == trial.case && other.request.namespace.as_deref() == Some(&self.own)
        };
        let other = trials.all().iter().find(there);
        other.is_some_and(|other| other.refusal.is_some() == trial.refusal.is_some())
            && trial.request.user == "admin"
    }
}

/// Authorization comes before admission, and the sync accounts may do nothing outside the teams' namespaces.
fn may_get_as_far(request: &Request, namespace: &str) -> bool {
    request.user == "admin" || TEAMS.contains(&namespace)
}

impl Asked<'_> {
    async fn judge(&self, world: &ClusterWorld) -> Result<Judged, Failure> {
        let answer = world.cluster.would(&self.request).await?;
        let at = self.request.namespace.as_deref().unwrap_or_default();
        let wrong = |said: &str| {
            Judged::Wrong(format!(
                "{}, {} (tried in {at}): {said}",
                self.trial.case, self.trial.what
            ))
        };
        Ok(match (&self.trial.refusal, answer) {
            (_, Answer::NotThere) => Judged::NotThere(format!(
                "{} {}",
                self.request.operation.name(),
                self.request.kind.kind
            )),
            (None, Answer::Admitted | Answer::OverQuota(_)) => Judged::Admitted,
            (None, Answer::Refused(said)) => wrong(&said),
            (Some(refusal), Answer::Admitted | Answer::OverQuota(_)) => wrong(&format!(
                "admitted, should be refused by {}",
                refusal.policy
            )),
            (Some(refusal), Answer::Refused(said)) => {
                let by = format!("ValidatingAdmissionPolicy '{}'", refusal.policy);
                if said.contains(&by) && said.contains(&refusal.says) {
                    Judged::Refused(Refused {
                        policy: refusal.policy.clone(),
                        of_pod: self.request.kind.kind == "Pod",
                        changed: self.request.operation == Operation::Update
                            && self.request.subresource.is_empty(),
                    })
                } else if !self.strictly && knows_the_same(&refusal.policy, &said) {
                    Judged::RefusedBefore
                } else {
                    wrong(&said)
                }
            }
        })
    }
}

/// Whether this is said by what stands before a policy in a team's namespace and has the same rule.
fn knows_the_same(policy: &str, said: &str) -> bool {
    match policy {
        "invoice-platform-restricted" => said.contains("violates PodSecurity"),
        "invoice-platform-resources" => said.contains("usage per Pod is"),
        _ => false,
    }
}

/// A running pod as a request changes it: whichever version it has by then, for its state changes meanwhile, and
/// a conflict would be said before admission is asked.
fn to_be_changed(pod: &Pod) -> Result<Value, Failure> {
    let pod = serde_json::to_value(pod);
    let mut pod = pod.map_err(|error| Failure::wrong(error.to_string()))?;
    if let Some(metadata) = pod["metadata"].as_object_mut() {
        metadata.remove("resourceVersion");
    }
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    Ok(pod)
}

/// One good object of each of the kinds, as the cases of a team's namespace change it.
fn good_of_team(trials: &Trials) -> Vec<Value> {
    let of_kind = |kind: &&str| {
        let is_changed = |trial: &&Trial| {
            let request = &trial.request;
            let changed = request.operation == Operation::Update && request.subresource.is_empty();
            changed
                && request.kind.kind == *kind
                && request.namespace.as_deref() == Some(App::InvoiceApp.namespace())
                && request.name == "admission-case"
                && !already(request)
        };
        let trial = trials.all().iter().find(is_changed)?;
        Some(trial.request.old_object.clone())
    };
    CHANGED.iter().filter_map(of_kind).collect()
}

/// The API server lets no Service change its address, whatever the policies say.
fn keeps_its_address(request: &Request) -> bool {
    request.object.pointer("/spec/clusterIP").is_none()
}

/// What a template can be changed of. A Job's cannot, and of a pod only through sub-resources.
fn changeable(request: &Request) -> bool {
    let templates = [
        "Deployment",
        "ReplicaSet",
        "StatefulSet",
        "DaemonSet",
        "CronJob",
        "ReplicationController",
        "PodTemplate",
    ];
    templates.contains(&request.kind.kind.as_str()) && !already(request)
}

/// Whether the case is of something that was bad before the policies came.
fn already(request: &Request) -> bool {
    request
        .object
        .pointer("/metadata/annotations/touched")
        .is_some()
}

fn there(request: &Request, namespace: &str) -> Request {
    let mut request = request.clone();
    request.namespace = Some(namespace.to_owned());
    for object in [&mut request.object, &mut request.old_object] {
        if !object.is_null() {
            object["metadata"]["namespace"] = json!(namespace);
        }
    }
    request
}

/// The same ephemeral containers, in a pod that runs.
fn with_ephemeral(request: &Request, pod: &Value) -> Request {
    let mut object = pod.clone();
    object["spec"]["ephemeralContainers"] = request.object["spec"]["ephemeralContainers"].clone();
    Request::update(pod.clone(), object).on(&request.subresource)
}

#[cfg(test)]
mod tests {
    use super::knows_the_same;

    #[test]
    fn another_part_of_the_api_server_counts_only_for_a_rule_that_it_has() {
        let pod_security = "pods \"p\" is forbidden: violates PodSecurity \"restricted:v1.34\"";
        let limits = "maximum cpu usage per Pod is 2. No limit is specified";
        assert!(knows_the_same("invoice-platform-restricted", pod_security));
        assert!(knows_the_same("invoice-platform-resources", limits));
        for policy in ["hardened", "labels", "images"] {
            let policy = format!("invoice-platform-{policy}");
            assert!(!knows_the_same(&policy, pod_security) && !knows_the_same(&policy, limits));
        }
        assert!(!knows_the_same(
            "invoice-platform-restricted",
            "spec.containers[0].image: Required value"
        ));
    }
}
