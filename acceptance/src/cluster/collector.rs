//! The collector of traces and logs: found by where the services send them.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Pod, Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;
use kube::api::ListParams;

use super::Cluster;
use super::app::App;
use super::pods::is_ready;
use crate::failure::{Failure, ensure};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// Where Jaeger, and what answers like it, is asked for traces.
const QUERY_PORT: i32 = 16686;

/// Who takes the services' traces and logs.
#[derive(Debug)]
pub(crate) struct Collector {
    pub(crate) namespace: String,
    /// The name of its Service.
    pub(crate) service: String,
    /// The labels of its pods.
    pub(crate) labels: BTreeMap<String, String>,
}

impl Cluster {
    /// Where both services send their traces and logs; none where they send nothing.
    pub(crate) async fn collector(&self) -> Result<Option<Collector>, Failure> {
        let mut endpoints = BTreeSet::new();
        for app in App::ALL {
            let deployment = self
                .api::<Deployment>(app.namespace())
                .get(app.name())
                .await;
            let deployment = deployment.map_err(Failure::cluster(format!(
                "get the Deployment {}",
                app.name()
            )))?;
            endpoints.insert(endpoint(&deployment));
        }
        ensure(endpoints.len() == 1, || {
            format!("the services send traces to different places: {endpoints:?}")
        })?;
        let Some(url) = endpoints.into_iter().flatten().next() else {
            return Ok(None);
        };
        let (service, namespace) = service_of(&url).ok_or_else(|| {
            Failure::wrong(format!("{ENDPOINT} is {url}, no Service of this cluster"))
        })?;
        let found = self.api::<Service>(&namespace).get(&service).await;
        let found = found.map_err(Failure::cluster(format!(
            "get the Service {namespace}/{service}, to which traces are sent"
        )))?;
        Ok(Some(Collector {
            namespace,
            service,
            labels: selector(&found),
        }))
    }

    /// A pod that can be asked for the collector's traces, and the port on which.
    pub(crate) async fn query_of(&self, collector: &Collector) -> Result<(Pod, u16), Failure> {
        let namespace = &collector.namespace;
        let services = self
            .api::<Service>(namespace)
            .list(&ListParams::default())
            .await;
        let services = services.map_err(Failure::cluster(format!(
            "list the Services of {namespace}"
        )))?;
        let query = services.iter().find_map(|service| {
            let ports = service.spec.as_ref()?.ports.iter().flatten();
            let port = ports.clone().find(|port| port.port == QUERY_PORT)?;
            Some((selector(service), port.clone()))
        });
        let (labels, port) = query.ok_or_else(|| {
            Failure::NotHere(format!(
                "no Service of namespace {namespace} offers port {QUERY_PORT}, so {} cannot be asked for its traces",
                collector.service
            ))
        })?;
        let labels: Vec<_> = labels
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let pods = self
            .api::<Pod>(namespace)
            .list(&ListParams::default().labels(&labels.join(",")))
            .await;
        let pods = pods.map_err(Failure::cluster(format!("list the pods of {namespace}")))?;
        let pod = pods.items.into_iter().find(is_ready).ok_or_else(|| {
            Failure::wrong(format!(
                "nobody in {namespace} answers for traces: no ready pod"
            ))
        })?;
        let number = target_port(&port, &pod).ok_or_else(|| {
            Failure::wrong(format!(
                "pod {} does not say which port is {:?}",
                pod.name_any(),
                port.target_port
            ))
        })?;
        Ok((pod, number))
    }
}

/// The variable of the Deployment's own container.
fn endpoint(deployment: &Deployment) -> Option<String> {
    let pod = deployment.spec.as_ref()?.template.spec.as_ref()?;
    let variables = pod.containers.first()?.env.iter().flatten();
    let variable = variables
        .clone()
        .find(|variable| variable.name == ENDPOINT)?;
    variable.value.clone()
}

/// The Service and the namespace in `http://jaeger.monitoring.svc:4318`.
fn service_of(url: &str) -> Option<(String, String)> {
    let host = url.strip_prefix("http://")?.split(':').next()?;
    let (service, rest) = host.split_once('.')?;
    let namespace = rest.split('.').next()?;
    Some((service.to_owned(), namespace.to_owned()))
}

fn selector(service: &Service) -> BTreeMap<String, String> {
    let spec = service.spec.as_ref();
    spec.and_then(|spec| spec.selector.clone())
        .unwrap_or_default()
}

fn target_port(port: &ServicePort, pod: &Pod) -> Option<u16> {
    let name = match port.target_port.as_ref() {
        Some(IntOrString::String(name)) => name,
        Some(IntOrString::Int(number)) => return u16::try_from(*number).ok(),
        None => return u16::try_from(port.port).ok(),
    };
    let containers = pod.spec.as_ref()?.containers.iter();
    let mut ports = containers.flat_map(|container| container.ports.iter().flatten());
    let port = ports.find(|port| port.name.as_ref() == Some(name))?;
    u16::try_from(port.container_port).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{service_of, target_port};

    #[test]
    fn a_service_is_read_from_its_address() {
        let jaeger = Some(("jaeger".to_owned(), "monitoring".to_owned()));
        assert_eq!(service_of("http://jaeger.monitoring.svc:4318"), jaeger);
        assert_eq!(service_of("http://jaeger.monitoring:4318"), jaeger);
        assert_eq!(service_of("http://jaeger:4318"), None);
        assert_eq!(service_of("https://jaeger.monitoring:4318"), None);
    }

    #[test]
    fn a_port_that_is_named_is_the_containers() {
        let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [
            {"name": "c", "ports": [{"name": "query", "containerPort": 16000}]}]}});
        let pod = serde_json::from_value(pod).unwrap();
        let port = |target| {
            let port = serde_json::from_value(json!({"port": 16686, "targetPort": target}));
            target_port(&port.unwrap(), &pod)
        };
        assert_eq!(port(json!("query")), Some(16000));
        assert_eq!(port(json!(16001)), Some(16001));
        assert_eq!(port(json!("other")), None);
        assert_eq!(port(json!(null)), Some(16686));
    }
}
