use serde_json::{Value, json};

use crate::support::rendered;
use crate::support::workload::selects;

#[test]
fn every_service_is_reachable_inside_the_cluster_alone() {
    let services = rendered::of_kind("Service");
    assert!(!services.is_empty());
    for service in services {
        assert_eq!(service.text("/spec/type"), Some("ClusterIP"), "{service}");
        assert_eq!(service.at("/spec/externalIPs"), None, "{service}");
    }
}

#[test]
fn every_service_leads_to_a_port_of_the_pods_that_it_selects() {
    for rendered in rendered::everything() {
        for service in rendered
            .documents
            .iter()
            .filter(|document| document.kind() == "Service")
        {
            let behind = rendered.documents.iter().find(|document| {
                document.namespace() == service.namespace()
                    && selects(service.at("/spec/selector"), document)
            });
            let pods = behind.unwrap_or_else(|| panic!("{service} selects nothing"));
            for port in service.list("/spec/ports") {
                let ports = pods.list("/spec/template/spec/containers/0/ports");
                assert!(
                    ports.iter().any(|one| one["name"] == port["targetPort"]),
                    "{service}"
                );
                assert_ne!(port["targetPort"], "management", "{service}");
            }
        }
    }
}

#[test]
fn the_only_ingress_leads_to_invoice_app() {
    for rendered in rendered::everything() {
        let ingresses: Vec<_> = rendered
            .documents
            .iter()
            .filter(|document| document.kind() == "Ingress")
            .collect();
        let is_invoice_app = rendered
            .overlay
            .app()
            .is_some_and(|(app, _)| app == "invoice-app");
        assert_eq!(
            ingresses.len(),
            usize::from(is_invoice_app),
            "{}",
            rendered.overlay.path()
        );
        for ingress in ingresses {
            assert_eq!(ingress.at("/spec/defaultBackend"), None, "{ingress}");
            let expected = json!([{
                "path": "/",
                "pathType": "Prefix",
                "backend": {"service": {"name": "invoice-app", "port": {"name": "http"}}},
            }]);
            for rule in ingress.list("/spec/rules") {
                assert_eq!(rule["http"]["paths"], expected, "{ingress}");
            }
        }
    }
}

#[test]
fn the_ingress_answers_to_any_host_in_local_and_to_one_elsewhere() {
    let host = |environment: &str| {
        let documents = rendered::app("invoice-app", environment);
        let ingress = documents
            .iter()
            .find(|document| document.kind() == "Ingress")
            .unwrap();
        assert_eq!(ingress.list("/spec/rules").len(), 1);
        ingress.text("/spec/rules/0/host").map(str::to_owned)
    };
    assert_eq!(host("local"), None);
    let hosts: Vec<_> = ["dev", "staging", "production"]
        .into_iter()
        .map(host)
        .collect();
    let expected = [
        "invoices.dev.invoice-platform.example",
        "invoices.staging.invoice-platform.example",
        "invoices.invoice-platform.example",
    ];
    assert_eq!(hosts, expected.map(|host| Some(host.to_owned())));
}

#[test]
fn no_container_takes_a_port_of_its_node() {
    for document in rendered::documents() {
        for container in document.list("/spec/template/spec/containers") {
            let ports = container["ports"].as_array().map_or(&[][..], Vec::as_slice);
            let taken: Vec<&Value> = ports
                .iter()
                .filter(|port| port.get("hostPort").is_some())
                .collect();
            assert!(taken.is_empty(), "{document}: {taken:?}");
        }
    }
}
