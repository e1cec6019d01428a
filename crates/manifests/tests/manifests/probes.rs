use serde_json::Value;

use crate::support::workload::{containers, deployments, workloads};

const PROBES: [&str; 3] = ["startupProbe", "readinessProbe", "livenessProbe"];

#[test]
fn every_container_has_all_three_probes() {
    for workload in workloads() {
        for container in containers(workload) {
            for probe in PROBES {
                assert!(container[probe].is_object(), "{workload} has no {probe}");
            }
        }
    }
}

#[test]
fn the_apps_are_probed_on_the_management_port() {
    for deployment in deployments() {
        for container in containers(deployment) {
            for probe in PROBES {
                assert_eq!(
                    container[probe]["httpGet"]["port"], "management",
                    "{deployment} {probe}"
                );
            }
        }
    }
}

#[test]
fn readiness_asks_another_question_than_liveness() {
    for deployment in deployments() {
        for container in containers(deployment) {
            let path = |probe: &str| container[probe]["httpGet"]["path"].as_str().unwrap();
            assert_ne!(
                path("readinessProbe"),
                path("livenessProbe"),
                "{deployment}"
            );
            // A database that is away at the start must not end in restarts.
            assert_eq!(path("startupProbe"), path("livenessProbe"), "{deployment}");
        }
    }
}

#[test]
fn a_start_is_noticed_within_a_second_and_may_take_a_minute() {
    for workload in workloads() {
        for container in containers(workload) {
            let probe = &container["startupProbe"];
            assert_eq!(probe["periodSeconds"], 1, "{workload}");
            assert!(probe["failureThreshold"].as_u64() >= Some(60), "{workload}");
        }
    }
}

#[test]
fn every_port_that_a_probe_or_an_annotation_means_exists() {
    for workload in workloads() {
        for container in containers(workload) {
            let ports = container["ports"].as_array().unwrap();
            for probe in PROBES.map(|probe| &container[probe]) {
                let wanted = probe
                    .pointer("/httpGet/port")
                    .or(probe.pointer("/tcpSocket/port"));
                assert!(
                    ports.iter().any(|port| Some(&port["name"]) == wanted),
                    "{workload}"
                );
            }
        }
    }
}

#[test]
fn prometheus_is_told_the_management_port() {
    for deployment in deployments() {
        let annotation = |name: &str| {
            let annotations = deployment
                .at("/spec/template/metadata/annotations")
                .unwrap();
            annotations[name].as_str().unwrap()
        };
        let container = containers(deployment).next().unwrap();
        let ports = container["ports"].as_array().unwrap();
        let management = ports
            .iter()
            .find(|port| port["name"] == "management")
            .unwrap();
        let number = management["containerPort"]
            .as_u64()
            .map(|number| number.to_string());
        assert_eq!(
            Some(annotation("prometheus.io/port")),
            number.as_deref(),
            "{deployment}"
        );
        assert_eq!(annotation("prometheus.io/scrape"), "true", "{deployment}");
        assert_eq!(annotation("prometheus.io/path"), "/metrics", "{deployment}");
    }
}

#[test]
fn the_listening_addresses_are_the_ports_that_are_declared() {
    for deployment in deployments() {
        let container = containers(deployment).next().unwrap();
        let api = match deployment.name() {
            "payment-provider" => "https",
            _ => "http",
        };
        for (variable, port) in [
            ("LISTEN_ADDRESS", api),
            ("MANAGEMENT_ADDRESS", "management"),
        ] {
            let declared = container["ports"].as_array().unwrap();
            let declared = declared
                .iter()
                .find(|one| one["name"] == port)
                .map(|one| &one["containerPort"]);
            let number = declared.and_then(Value::as_u64).unwrap();
            let address = crate::support::workload::environment(container, variable);
            assert_eq!(
                address,
                Some(format!("0.0.0.0:{number}").as_str()),
                "{deployment}"
            );
        }
    }
}
