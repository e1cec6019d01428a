//! Who reaches whom, by the manifests of this repository.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use manifests::parse;
use proof::reachability::{
    Collector, Expected, Labels, Matrix, PortSet, Surroundings, World, differences,
    differences_around, mermaid, why,
};
use proof::rendered::{Rendered, environments};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn rendered(environment: &str) -> Rendered {
    Rendered::of_repository(root(), environment).unwrap()
}

fn local() -> World {
    World::of(&rendered("local"), &Surroundings::default()).unwrap()
}

fn callers_of(world: &World, name: &str, port: &str) -> Vec<String> {
    let (to, port) = (world.place(name).unwrap(), port.parse::<PortSet>().unwrap());
    let callers = world.places().iter().filter(|from| {
        let ports = world.decide(from, to).ports();
        !ports.intersection(&port).is_empty()
    });
    callers.map(|from| from.name.clone()).collect()
}

#[test]
fn every_environment_allows_what_reachability_yaml_lists_and_nothing_else() {
    let expected = Expected::of_repository(root()).unwrap();
    for environment in environments(root()).unwrap() {
        let found = differences(&rendered(&environment), &expected);
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

#[test]
fn reachability_yaml_is_as_the_program_writes_it() {
    let text = fs::read_to_string(root().join("reachability.yaml")).unwrap();
    assert_eq!(Expected::read(&text).unwrap().to_string(), text);
}

#[test]
fn payment_provider_is_reached_by_invoice_app_and_prometheus_alone() {
    let world = local();
    let provider = "payments/payment-provider";
    assert_eq!(
        callers_of(&world, provider, "8082/TCP"),
        ["invoice/invoice-app", "node"]
    );
    assert_eq!(
        callers_of(&world, provider, "9082/TCP"),
        ["prometheus", "node"]
    );
}

#[test]
fn the_collector_is_reached_by_both_services_and_by_nobody_else_of_ours() {
    let callers = callers_of(&local(), "collector", "4318/TCP");
    let ours = ["invoice/", "payments/", "operations/"];
    let ours: Vec<_> = callers
        .iter()
        .filter(|caller| ours.iter().any(|namespace| caller.starts_with(namespace)))
        .collect();
    assert_eq!(ours, ["invoice/invoice-app", "payments/payment-provider"]);
}

#[test]
fn where_nobody_takes_traces_the_way_there_is_not_expected_and_told_if_it_is_open() {
    let expected = Expected::of_repository(root()).unwrap();
    let nobody = Surroundings {
        collector: None,
        ..Surroundings::default()
    };
    let open = rendered("local");
    let mut shut = open.clone();
    shut.documents_mut()
        .retain(|document| !document.name().ends_with("-otlp"));
    assert_eq!(
        differences_around(&shut, &expected, &nobody),
        Vec::<String>::new()
    );
    let found = differences_around(&open, &expected, &nobody);
    assert_eq!(found.len(), 2, "{found:#?}");
    for from in ["invoice/invoice-app", "payments/payment-provider"] {
        let told = |sentence: &String| sentence.contains(from) && sentence.contains("4318/TCP");
        assert!(found.iter().any(told), "{found:#?}");
    }
    // The control: where somebody does, the same manifests are as they should be.
    assert!(differences(&open, &expected).is_empty());
    assert!(!differences(&shut, &expected).is_empty());
}

#[test]
fn a_collector_beside_prometheus_may_what_prometheus_may_and_no_other_may() {
    let expected = Expected::of_repository(root()).unwrap();
    let mut beside = rendered("local");
    for document in beside.documents_mut() {
        if document.name().ends_with("-otlp") {
            let name =
                "/spec/egress/0/to/0/namespaceSelector/matchLabels/kubernetes.io~1metadata.name";
            *document.value_mut().pointer_mut(name).unwrap() = "monitoring".into();
        }
    }
    let collector = |name: &str| Collector {
        namespace: "monitoring".to_owned(),
        labels: Labels::from([("app.kubernetes.io/name".to_owned(), name.to_owned())]),
    };
    let around = |name: &str| Surroundings {
        collector: Some(collector(name)),
        ..Surroundings::default()
    };
    let found = differences_around(&beside, &expected, &around("opentelemetry-collector"));
    assert!(found.is_empty(), "{}", found.join("\n"));
    let found = differences_around(&beside, &expected, &around("another"));
    assert!(!found.is_empty());
}

#[test]
fn nothing_of_ours_reaches_the_internet() {
    let world = local();
    let callers = callers_of(&world, "internet", "every port");
    for ours in ["invoice/", "payments/"] {
        assert!(
            !callers.iter().any(|caller| caller.starts_with(ours)),
            "{callers:?}"
        );
    }
    assert!(callers.contains(&"elsewhere/stranger".to_owned()));
}

#[test]
fn a_policy_more_or_less_is_told_with_its_consequence() {
    let expected = Expected::of_repository(root()).unwrap();
    let mut more = rendered("local");
    let text = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: more, namespace: payments}, \
                spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 8082}]}]}}";
    more.documents_mut().extend(parse(text).unwrap());
    let found = differences(&more, &expected);
    let sentence = "local: elsewhere/stranger reaches payments/payment-provider on 8082/TCP, which \
                    reachability.yaml does not list (out: no policy governs it; in: payments/more)";
    assert!(found.contains(&sentence.to_owned()), "{found:#?}");

    let mut fewer = rendered("local");
    fewer
        .documents_mut()
        .retain(|document| document.to_string() != "NetworkPolicy payments/payment-provider");
    let found = differences(&fewer, &expected);
    let sentence = "local: invoice/invoice-app does not reach payments/payment-provider on 8082/TCP, which \
                    reachability.yaml lists";
    assert!(found.contains(&sentence.to_owned()), "{found:#?}");
}

#[test]
fn a_rule_that_the_other_side_still_closes_is_told_too() {
    let expected = Expected::of_repository(root()).unwrap();
    let mut wider = rendered("local");
    let text = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: wide, namespace: invoice}, \
                spec: {podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: \
                {matchLabels: {kubernetes.io/metadata.name: payments}}}], ports: [{port: 5432}]}]}}";
    wider.documents_mut().extend(parse(text).unwrap());
    let found = differences(&wider, &expected);
    let sentence = "local: invoice/stranger is let out, though not in, to \
                    payments/payment-provider-database on 5432/TCP, which reachability.yaml does not list \
                    (out: invoice/wide; in: no rule)";
    assert!(found.contains(&sentence.to_owned()), "{found:#?}");
}

#[test]
fn a_policy_that_cannot_be_judged_is_a_difference() {
    let mut odd = rendered("local");
    let text = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: odd, namespace: payments}, \
                spec: {podSelector: {}, deny: []}}";
    odd.documents_mut().extend(parse(text).unwrap());
    let found = differences(&odd, &Expected::of_repository(root()).unwrap());
    assert_eq!(found.len(), 1);
    assert!(
        found[0].starts_with("NetworkPolicy payments/odd cannot be judged"),
        "{found:?}"
    );
}

#[test]
fn why_names_the_rules_that_allow_and_those_that_are_missing() {
    let world = local();
    let explain = |from: &str, to: &str, port: &str| {
        let ports: PortSet = port.parse().unwrap();
        let (from, to) = (world.place(from).unwrap(), world.place(to).unwrap());
        why(&world, from, to, Some(&ports))
    };
    let allowed = explain("invoice/invoice-app", "payments/payment-provider", "8082");
    for line in [
        "allowed by invoice/invoice-app, egress rule 1: 8082/TCP",
        "allowed by payments/payment-provider, ingress rule 1: 8082/TCP",
        "invoice/invoice-app reaches payments/payment-provider on 8082/TCP.",
    ] {
        assert!(allowed.contains(line), "{allowed}");
    }
    let refused = explain("elsewhere/stranger", "payments/payment-provider", "8082");
    for line in [
        "no policy governs this direction: everything passes",
        "missing: an ingress rule in payments that lets elsewhere/stranger in to payments/payment-provider on 8082/TCP",
        "elsewhere/stranger does not reach payments/payment-provider on 8082/TCP.",
    ] {
        assert!(refused.contains(line), "{refused}");
    }
}

#[test]
fn the_diagram_in_the_manifests_readme_is_the_computed_one() {
    let world = local();
    let diagram = mermaid(&world, &Matrix::of(&world));
    let readme = fs::read_to_string(root().join("kustomize/README.md")).unwrap();
    assert!(
        readme.contains(&format!("```mermaid\n{diagram}```\n")),
        "kustomize/README.md draws something else than `proof reachability --format mermaid`:\n{diagram}"
    );
}
