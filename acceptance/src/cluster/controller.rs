//! The ingress controller: found by what the Ingress asks for, assumed to be nowhere.

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use kube::ResourceExt;
use kube::api::ListParams;

use super::Cluster;
use super::app::App;
use crate::failure::Failure;

const DEFAULT_CLASS: &str = "ingressclass.kubernetes.io/is-default-class";

/// The ingress controller that serves invoice-app's Ingress.
pub(crate) struct Controller {
    /// What its class calls it, e.g. `traefik.io/ingress-controller`.
    pub(crate) controller: String,
    /// Where its pods run.
    pub(crate) namespace: String,
}

impl Cluster {
    /// From the Ingress to its class, to the controller's name, to the pods that are that program.
    pub(crate) async fn ingress_controller(&self) -> Result<Controller, Failure> {
        let class = self.ingress_class().await?;
        let controller = class
            .spec
            .and_then(|spec| spec.controller)
            .unwrap_or_default();
        let products = products(&controller);
        let pods = self
            .all::<Pod>()
            .list(&ListParams::default().fields("status.phase=Running"))
            .await;
        let pods = pods.map_err(Failure::cluster("list all pods"))?;
        let found = pods
            .iter()
            .find(|pod| products.iter().any(|product| is_labelled(pod, product)));
        let found = found.or_else(|| {
            pods.iter()
                .find(|pod| products.iter().any(|product| runs(pod, product)))
        });
        let namespace = found.and_then(ResourceExt::namespace);
        let namespace = namespace.ok_or_else(|| {
            Failure::wrong(format!(
                "no running pod looks like the ingress controller `{controller}` (looked for {})",
                products.join(", ")
            ))
        })?;
        Ok(Controller {
            controller,
            namespace,
        })
    }

    async fn ingress_class(&self) -> Result<IngressClass, Failure> {
        let ingresses = self
            .api::<Ingress>(App::InvoiceApp.namespace())
            .list(&ListParams::default())
            .await;
        let ingresses = ingresses.map_err(Failure::cluster("list the Ingresses of invoice-app"))?;
        let ingress = ingresses
            .items
            .into_iter()
            .next()
            .ok_or_else(|| Failure::wrong("invoice-app has no Ingress"))?;
        let wanted = ingress.spec.and_then(|spec| spec.ingress_class_name);
        let classes = self
            .all::<IngressClass>()
            .list(&ListParams::default())
            .await;
        let classes = classes.map_err(Failure::cluster("list the ingress classes"))?;
        let chosen = classes.items.into_iter().find(|class| match &wanted {
            Some(name) => class.name_any() == *name,
            None => class
                .annotations()
                .get(DEFAULT_CLASS)
                .is_some_and(|value| value == "true"),
        });
        chosen.ok_or_else(|| {
            Failure::wrong(format!(
                "the cluster has no ingress class `{}`",
                wanted.unwrap_or_else(|| String::from("(default)"))
            ))
        })
    }
}

/// The names under which a controller's program may go: `traefik.io/ingress-controller` is `traefik`,
/// `k8s.io/ingress-nginx` is `ingress-nginx`, `haproxy.org/ingress-controller/haproxy` is `haproxy`.
fn products(controller: &str) -> Vec<String> {
    let (domain, path) = controller.split_once('/').unwrap_or((controller, ""));
    let words = path.rsplit('/').chain(domain.split('.').next());
    words
        .filter(|word| !["", "k8s", "ingress-controller", "controller", "ingress"].contains(word))
        .map(str::to_owned)
        .collect()
}

/// Whether a pod is this product by its labels or its image.
pub(crate) fn looks_like(pod: &Pod, product: &str) -> bool {
    is_labelled(pod, product) || runs(pod, product)
}

fn is_labelled(pod: &Pod, product: &str) -> bool {
    ["app.kubernetes.io/name", "app", "k8s-app"]
        .iter()
        .any(|key| pod.labels().get(*key).is_some_and(|value| value == product))
}

/// Whether a container's image is called like the product.
fn runs(pod: &Pod, product: &str) -> bool {
    let containers = pod
        .spec
        .as_ref()
        .map(|spec| spec.containers.as_slice())
        .unwrap_or_default();
    containers
        .iter()
        .filter_map(|container| container.image.as_deref())
        .any(|image| {
            let name = image.rsplit('/').next().unwrap_or(image);
            name.split(['@', ':'])
                .next()
                .is_some_and(|name| name.contains(product))
        })
}

#[cfg(test)]
mod tests {
    use super::{is_labelled, products, runs};
    use k8s_openapi::api::core::v1::Pod;
    use serde_json::json;

    #[test]
    fn a_controllers_program_is_in_its_name() {
        assert_eq!(products("traefik.io/ingress-controller"), ["traefik"]);
        assert_eq!(products("k8s.io/ingress-nginx"), ["ingress-nginx"]);
        assert_eq!(
            products("haproxy.org/ingress-controller/haproxy"),
            ["haproxy", "haproxy"]
        );
    }

    #[test]
    fn a_pod_is_the_controller_by_its_label_or_its_image() {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"labels": {"app.kubernetes.io/name": "edge"}},
            "spec": {"containers": [{"name": "c", "image": "localhost:5000/traefik:v3.6"}]}
        }))
        .unwrap();
        assert!(is_labelled(&pod, "edge") && !is_labelled(&pod, "traefik"));
        assert!(runs(&pod, "traefik") && !runs(&pod, "nginx"));
    }
}
