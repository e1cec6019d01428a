//! What runs in the teams' namespaces, as manifests that can be reasoned about.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{Namespace, Pod};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::api::ListParams;
use kube::{Resource, ResourceExt};
use proof::rendered::Rendered;
use proof::tenants::TENANTS;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::controller::looks_like;
use super::{Cluster, LABEL};
use crate::failure::Failure;

impl Cluster {
    /// The teams' namespaces with their policies and workloads, acceptance's own left out. `expected` names
    /// workloads as `namespace/name`: one that does not run now, like a Job that is done, is taken for a pod with
    /// the label that every pod of ours has.
    pub(crate) async fn running(
        &self,
        environment: &str,
        expected: &[String],
    ) -> Result<Rendered, Failure> {
        let mut objects = self.ours::<Namespace>("the namespaces").await?;
        objects.retain(|object| {
            TENANTS
                .iter()
                .any(|tenant| object["metadata"]["name"] == *tenant)
        });
        let mut workloads = self.ours::<Deployment>("the Deployments").await?;
        workloads.extend(self.ours::<StatefulSet>("the StatefulSets").await?);
        workloads.retain(in_a_tenant);
        let known: BTreeSet<_> = workloads.iter().map(place).collect();
        let absent = expected.iter().filter(|name| !known.contains(*name));
        objects.extend(absent.filter_map(|name| stand_in(name)));
        objects.extend(workloads);
        let mut policies = self.ours::<NetworkPolicy>("the network policies").await?;
        policies.retain(in_a_tenant);
        objects.extend(policies);
        let text: Vec<_> = objects.iter().map(Value::to_string).collect();
        Rendered::of_text(environment, &text.join("\n---\n"))
            .map_err(|error| Failure::wrong(format!("what runs cannot be read: {error}")))
    }

    /// The namespace in which Prometheus runs, if it does.
    pub(crate) async fn prometheus(&self) -> Result<Option<String>, Failure> {
        let pods = self
            .all::<Pod>()
            .list(&ListParams::default().fields("status.phase=Running"))
            .await;
        let pods = pods.map_err(Failure::cluster("list all pods"))?;
        let found = pods.iter().find(|pod| looks_like(pod, "prometheus"));
        Ok(found.and_then(ResourceExt::namespace))
    }

    async fn ours<K>(&self, what: &str) -> Result<Vec<Value>, Failure>
    where
        K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned + Serialize,
    {
        let listed = self
            .all::<K>()
            .list(&ListParams::default().labels(&format!("!{LABEL}")))
            .await;
        let listed = listed.map_err(Failure::cluster(format!("list {what}")))?;
        let read = listed.items.iter().map(serde_json::to_value);
        read.collect::<Result<_, _>>()
            .map_err(|error| Failure::wrong(format!("{what} cannot be read: {error}")))
    }
}

fn in_a_tenant(object: &Value) -> bool {
    TENANTS
        .iter()
        .any(|tenant| object["metadata"]["namespace"] == *tenant)
}

fn place(object: &Value) -> String {
    let text = |field: &str| {
        object["metadata"][field]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    format!("{}/{}", text("namespace"), text("name"))
}

fn stand_in(name: &str) -> Option<Value> {
    let (namespace, name) = name.split_once('/')?;
    Some(json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": namespace, "name": name, "labels": {"app.kubernetes.io/name": name}},
        "spec": {"containers": []},
    }))
}
