use std::collections::BTreeSet;

use manifests::{Document, parse};
use serde_json::json;

use crate::support::edges::edges;
use crate::support::rendered::{self, FOUND_COLLECTOR, FOUND_INGRESS, FOUND_MONITORING};
use crate::support::workload::{containers, environment};

/// Of every environment; INGRESS and MONITORING are namespaces that vary by cluster, and COLLECTOR is the pods
/// of one.
const EVERYWHERE: [&str; 17] = [
    "out invoice/* -> kube-system/kube-dns UDP 53",
    "out invoice/* -> kube-system/kube-dns TCP 53",
    "out operations/* -> kube-system/kube-dns UDP 53",
    "out operations/* -> kube-system/kube-dns TCP 53",
    "out payments/* -> kube-system/kube-dns UDP 53",
    "out payments/* -> kube-system/kube-dns TCP 53",
    "in INGRESS/* -> invoice/invoice-app TCP http",
    "out invoice/invoice-app -> payments/payment-provider TCP 8082",
    "in invoice/invoice-app -> payments/payment-provider TCP https",
    "out invoice/invoice-app -> invoice/invoice-app-database TCP 5432",
    "out payments/payment-provider -> payments/payment-provider-database TCP 5432",
    "out invoice/invoice-app-smoke -> invoice/invoice-app TCP 8081",
    "in invoice/invoice-app-smoke -> invoice/invoice-app TCP http",
    "in MONITORING/* -> invoice/invoice-app TCP management",
    "in MONITORING/* -> payments/payment-provider TCP management",
    "out invoice/invoice-app -> COLLECTOR TCP 4318",
    "out payments/payment-provider -> COLLECTOR TCP 4318",
];

/// Of the overlay `local`, which brings the databases.
const OF_LOCAL: [&str; 2] = [
    "in invoice/invoice-app -> invoice/invoice-app-database TCP postgres",
    "in payments/payment-provider -> payments/payment-provider-database TCP postgres",
];

/// As the repository names them.
const NAMES: [&str; 3] = [
    "ingress-nginx",
    "monitoring",
    "telemetry/opentelemetry-collector",
];

#[test]
fn every_namespace_denies_everything_in_both_directions() {
    for namespace in ["invoice", "operations", "payments"] {
        let tenants = rendered::tenants();
        let policy = tenants.iter().find(|document| {
            document.namespace() == Some(namespace) && document.name() == "default-deny"
        });
        let expected = json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]});
        assert_eq!(
            policy.and_then(|policy| policy.at("/spec")),
            Some(&expected),
            "{namespace}"
        );
    }
}

#[test]
fn only_the_expected_connections_are_allowed_in_each_environment() {
    for environment in ["dev", "staging", "production"] {
        let seen = edges(&with_tenants(rendered::apps(environment)));
        assert_eq!(seen, expected(&EVERYWHERE, NAMES), "{environment}");
    }
    let local = edges(&with_tenants(rendered::apps("local")));
    assert_eq!(local, expected(&of_local(), NAMES));
}

#[test]
fn deploy_sh_names_the_namespaces_and_the_collector_that_it_found() {
    let deployed = rendered::as_deployed();
    let seen = edges(&with_tenants(deployed.to_vec()));
    let collector = format!("{FOUND_COLLECTOR}/jaeger");
    let found = [FOUND_INGRESS, FOUND_MONITORING, &collector];
    assert_eq!(seen, expected(&of_local(), found));
    let address = format!("http://jaeger.{FOUND_COLLECTOR}.svc:4318");
    assert_eq!(endpoints(deployed), [Some(address.as_str()); 2]);
}

#[test]
fn where_deploy_sh_found_no_collector_nothing_is_sent_and_no_way_is_open() {
    let deployed = rendered::deployed_without_collector();
    assert_eq!(endpoints(&deployed), [None; 2]);
    let seen = edges(&with_tenants(deployed));
    let mut without = of_local();
    without.retain(|edge| !edge.contains("COLLECTOR"));
    let found = [FOUND_INGRESS, FOUND_MONITORING, "nobody"];
    assert_eq!(seen, expected(&without, found));
}

/// Where each Deployment sends its traces and logs.
fn endpoints(documents: &[Document]) -> Vec<Option<&str>> {
    let deployments = documents
        .iter()
        .filter(|document| document.kind() == "Deployment");
    let containers = deployments.flat_map(containers);
    containers
        .map(|container| environment(container, "OTEL_EXPORTER_OTLP_ENDPOINT"))
        .collect()
}

#[test]
fn nothing_outside_payments_is_let_in_to_payment_provider_but_invoice_app() {
    for environment in ["local", "dev", "staging", "production"] {
        let seen = edges(&with_tenants(rendered::apps(environment)));
        let entering: Vec<_> = seen
            .iter()
            .filter_map(|edge| edge.strip_prefix("in ")?.split_once(" -> "))
            .filter(|(_, to)| !to.ends_with(" TCP management"))
            .filter(|(_, to)| {
                ["payments/payment-provider ", "payments/* "]
                    .iter()
                    .any(|pods| to.starts_with(pods))
            })
            .map(|(from, _)| from)
            .collect();
        assert_eq!(entering, ["invoice/invoice-app"], "{environment}");
    }
}

#[test]
fn every_pod_s_policies_live_where_the_pod_does() {
    for rendered in rendered::everything() {
        let Some((app, _)) = rendered.overlay.app() else {
            continue;
        };
        let home = if app == "invoice-app" {
            "invoice"
        } else {
            "payments"
        };
        for document in &rendered.documents {
            assert_eq!(document.namespace(), Some(home), "{document}");
        }
    }
}

#[test]
fn a_policy_that_allows_more_is_seen() {
    let more = [
        "{podSelector: {}, policyTypes: [Ingress], ingress: [{}]}",
        "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}",
        "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}",
        "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: a, operator: Exists}]}}]}]}",
        "{podSelector: {matchLabels: {app.kubernetes.io/name: payment-provider}}, \
          ingress: [{from: [{podSelector: {}}], ports: [{port: 1, endPort: 65535}]}]}",
    ];
    let usual = with_tenants(rendered::apps("dev"));
    for spec in more {
        let mut documents = usual.clone();
        documents.extend(policy(spec));
        let added: Vec<_> = edges(&documents)
            .difference(&edges(&usual))
            .cloned()
            .collect();
        assert_eq!(added.len(), 1, "{spec}: {added:?}");
    }
}

fn policy(spec: &str) -> Vec<Document> {
    let head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy";
    parse(&format!(
        "{head}\nmetadata: {{name: more, namespace: payments}}\nspec: {spec}\n"
    ))
    .unwrap()
}

fn with_tenants(mut documents: Vec<Document>) -> Vec<Document> {
    documents.extend(rendered::tenants());
    documents
}

fn of_local() -> Vec<&'static str> {
    EVERYWHERE.into_iter().chain(OF_LOCAL).collect()
}

fn expected(edges: &[&str], [ingress, monitoring, collector]: [&str; 3]) -> BTreeSet<String> {
    let fill = |edge: &&str| {
        edge.replace("INGRESS", ingress)
            .replace("MONITORING", monitoring)
            .replace("COLLECTOR", collector)
    };
    edges.iter().map(fill).collect()
}
