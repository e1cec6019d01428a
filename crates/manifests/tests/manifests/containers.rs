use manifests::Document;
use serde_json::{Value, json};

use crate::support::workload::{containers, workloads};

#[test]
fn every_container_is_restricted_and_has_its_resources_named() {
    let findings: Vec<_> = workloads().into_iter().flat_map(findings).collect();
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn taking_any_restriction_away_is_noticed() {
    let pod = "/spec/template/spec";
    let container = "/spec/template/spec/containers/0";
    let attacks = [
        (format!("{pod}/securityContext/runAsNonRoot"), json!(false)),
        (format!("{pod}/securityContext/runAsUser"), json!(0)),
        (format!("{pod}/securityContext/runAsGroup"), json!(0)),
        (
            format!("{pod}/securityContext/seccompProfile/type"),
            json!("Unconfined"),
        ),
        (format!("{pod}/automountServiceAccountToken"), json!(true)),
        (
            format!("{container}/securityContext/readOnlyRootFilesystem"),
            json!(false),
        ),
        (
            format!("{container}/securityContext/allowPrivilegeEscalation"),
            json!(true),
        ),
        (
            format!("{container}/securityContext/capabilities/drop"),
            json!(["NET_RAW"]),
        ),
        (
            format!("{container}/securityContext/capabilities"),
            json!({"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
        ),
        (format!("{container}/securityContext"), json!({})),
        (
            format!("{container}/resources/requests"),
            json!({"cpu": "1"}),
        ),
        (format!("{container}/resources/limits"), json!({})),
    ];
    for workload in workloads() {
        for (place, value) in &attacks {
            let mut weakened = workload.clone();
            *weakened.value_mut().pointer_mut(place).unwrap() = value.clone();
            assert!(
                !findings(&weakened).is_empty(),
                "{workload}: {place} = {value}"
            );
        }
    }
}

#[test]
fn no_pod_shares_the_node_s_namespaces_or_folders() {
    for workload in workloads() {
        for field in ["hostNetwork", "hostPID", "hostIPC"] {
            assert_eq!(
                workload.at(&format!("/spec/template/spec/{field}")),
                None,
                "{workload}"
            );
        }
        for volume in workload.list("/spec/template/spec/volumes") {
            assert_eq!(volume.get("hostPath"), None, "{workload}");
        }
    }
}

fn findings(workload: &Document) -> Vec<String> {
    let pod = workload.at("/spec/template/spec").unwrap();
    let mut findings = Vec::new();
    let mut expect = |holds: bool, sentence: &str| {
        if !holds {
            findings.push(format!("{workload}: {sentence}"));
        }
    };
    expect(
        pod["automountServiceAccountToken"] == false,
        "a service account token is mounted",
    );
    let mut count = 0;
    for container in containers(workload) {
        count += 1;
        let context = &container["securityContext"];
        let number = |field| id(context, field).or(id(&pod["securityContext"], field));
        expect(
            pod["securityContext"]["runAsNonRoot"] == true,
            "may run as root",
        );
        expect(
            context
                .get("runAsNonRoot")
                .is_none_or(|value| value == true),
            "may run as root",
        );
        expect(
            number("runAsUser").is_some_and(|id| id > 0),
            "has no numeric user other than root",
        );
        expect(
            number("runAsGroup").is_some_and(|id| id > 0),
            "has no numeric group other than root",
        );
        expect(
            pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault",
            "has no seccomp profile",
        );
        expect(
            context["readOnlyRootFilesystem"] == true,
            "may write to its root",
        );
        expect(
            context["allowPrivilegeEscalation"] == false,
            "may gain privileges",
        );
        expect(context.get("privileged").is_none(), "asks for privileges");
        expect(
            context["capabilities"] == json!({"drop": ["ALL"]}),
            "keeps capabilities",
        );
        for kind in ["requests", "limits"] {
            for resource in ["cpu", "memory"] {
                expect(
                    container["resources"][kind][resource].is_string(),
                    &format!("{kind} no {resource}"),
                );
            }
        }
    }
    expect(count > 0, "has no container");
    findings
}

fn id(context: &Value, field: &str) -> Option<u64> {
    context[field].as_u64()
}
