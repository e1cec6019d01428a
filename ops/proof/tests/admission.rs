//! What the admission policies of the repository refuse.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::LazyLock;

use proof::admission::{Policies, Request, Trials, differences};
use proof::rendered::{Rendered, environments};
use serde_json::{Value, json};

static TRIALS: LazyLock<Trials> = LazyLock::new(|| Trials::of_repository(root()).unwrap());
static RENDERED: LazyLock<Rendered> =
    LazyLock::new(|| Rendered::of_repository(root(), "dev").unwrap());

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[test]
fn in_every_environment_the_good_is_admitted_and_the_bad_is_refused() {
    for environment in environments(root()).unwrap() {
        let rendered = Rendered::of_repository(root(), &environment).unwrap();
        let found = differences(&rendered, &TRIALS);
        assert!(found.is_empty(), "{environment}: {found:#?}");
    }
    println!("{} requests", TRIALS.all().len());
}

#[test]
fn every_rule_is_the_reason_for_a_refusal() {
    let mut rules = 0;
    for document in policies() {
        let count = document["spec"]["validations"].as_array().unwrap().len();
        for rule in 0..count {
            let found = with_policy(&document, |policy| {
                let rules = policy["spec"]["validations"].as_array_mut().unwrap();
                rules.remove(rule);
            });
            assert!(
                !found.is_empty(),
                "{} without its rule {rule}",
                document["metadata"]["name"]
            );
            rules += 1;
        }
    }
    assert!(rules > 15, "{rules}");
}

#[test]
fn a_policy_that_does_not_refuse_for_sure_is_noticed() {
    for document in policies() {
        let open = with_policy(&document, |policy| {
            policy["spec"]["failurePolicy"] = json!("Ignore");
        });
        assert!(open[0].contains("failurePolicy has to be Fail"), "{open:?}");
        let later = with_policy(&document, |policy| {
            policy["spec"]["matchConstraints"]["resourceRules"] = json!([]);
        });
        assert!(!later.is_empty());
    }
}

#[test]
fn a_binding_that_refuses_less_is_noticed() {
    for binding in of_kind("ValidatingAdmissionPolicyBinding") {
        for actions in [json!(["Warn"]), json!(["Audit"])] {
            let found = with_policy(&binding, |binding| {
                binding["spec"]["validationActions"] = actions.clone();
            });
            assert!(!found.is_empty(), "{}", binding["metadata"]["name"]);
        }
        let gone = with_policy(&binding, |binding| {
            binding["spec"]["policyName"] = json!("nobody");
        });
        assert!(
            gone.iter()
                .any(|found| found.contains("which is not there"))
        );
    }
}

#[test]
fn an_exception_that_no_request_meets_is_noticed_in_a_policy() {
    let names = json!([{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"],
        "resourceNames": ["excepted"]}]);
    for document in policies() {
        let excluded = with_policy(&document, |policy| {
            policy["spec"]["matchConstraints"]["excludeResourceRules"] = names.clone();
        });
        assert!(excluded[0].contains("excludeResourceRules"), "{excluded:?}");
        let conditions = document["spec"]["matchConditions"].as_array().cloned();
        let excepting = with_policy(&document, |policy| {
            let mut conditions = conditions.unwrap_or_default();
            conditions.push(
                json!({"name": "but", "expression": "request.userInfo.username != 'excepted'"}),
            );
            policy["spec"]["matchConditions"] = conditions.into();
        });
        assert!(excepting[0].contains("condition but"), "{excepting:?}");
        let parameters = with_policy(&document, |policy| {
            policy["spec"]["paramKind"] = json!({"apiVersion": "v1", "kind": "ConfigMap"});
        });
        assert!(parameters[0].contains("paramKind"), "{parameters:?}");
    }
}

#[test]
fn an_exception_that_no_request_meets_is_noticed_in_a_binding() {
    for (field, said) in [
        ("excludeResourceRules", "excludeResourceRules"),
        ("resourceRules", "a part of its kinds"),
    ] {
        for binding in of_kind("ValidatingAdmissionPolicyBinding") {
            let found = with_policy(&binding, |binding| {
                binding["spec"]["matchResources"][field] = json!([{"apiGroups": ["*"], "apiVersions": ["*"],
                    "operations": ["*"], "resources": ["*"], "resourceNames": ["excepted"]}]);
            });
            assert!(found[0].contains(said), "{field}: {found:?}");
        }
    }
    for binding in of_kind("ValidatingAdmissionPolicyBinding") {
        let found = with_policy(&binding, |binding| {
            binding["spec"]["paramRef"] = json!({"name": "excepted"});
        });
        assert!(found[0].contains("paramRef"), "{found:?}");
    }
}

#[test]
fn one_more_excepted_namespace_is_noticed_and_so_is_one_less() {
    let place = "/spec/matchResources/namespaceSelector/matchExpressions/0";
    let binding = of_kind("ValidatingAdmissionPolicyBinding")
        .find(|binding| binding["metadata"]["name"] == "invoice-platform-images")
        .unwrap();
    for name in ["payments", "somewhere-else", "nobody-knows"] {
        let found = with_policy(&binding, |binding| {
            let names = binding.pointer_mut(&format!("{place}/values")).unwrap();
            names.as_array_mut().unwrap().push(json!(name));
        });
        assert!(!found.is_empty(), "{name}");
    }
    let found = with_policy(&binding, |binding| {
        let names = binding.pointer_mut(&format!("{place}/values")).unwrap();
        names
            .as_array_mut()
            .unwrap()
            .retain(|name| name != "monitoring");
    });
    assert!(
        found.iter().all(|found| found.contains("in monitoring")),
        "{found:?}"
    );
    assert!(!found.is_empty());
}

#[test]
fn an_expression_that_does_not_compile_is_said_with_its_place() {
    let images = policies()
        .find(|policy| policy["metadata"]["name"] == "invoice-platform-images")
        .unwrap();
    let found = with_policy(&images, |policy| {
        policy["spec"]["variables"][0]["expression"] = json!("object.");
    });
    assert!(
        found[0].starts_with("invoice-platform-images: the expression of the variable pod"),
        "{found:?}"
    );
}

#[test]
fn a_workload_that_is_rendered_has_to_be_admitted() {
    let mut rendered = RENDERED.clone();
    let documents = rendered.documents_mut().iter_mut();
    let workload = documents
        .filter(|document| document.kind() == "Deployment")
        .find(|document| document.name() == "invoice-app")
        .unwrap();
    workload.value_mut()["spec"]["template"]["spec"]["hostNetwork"] = json!(true);
    let found = differences(&rendered, &TRIALS);
    let by =
        "Deployment invoice/invoice-app is rendered, and refused by invoice-platform-restricted";
    assert!(!found.is_empty());
    assert!(found.iter().all(|found| found.starts_with(by)), "{found:?}");
}

#[test]
fn a_team_may_deploy_the_network_policies_of_its_apps_and_not_those_of_the_platform() {
    let policies = Policies::read(RENDERED.documents()).unwrap();
    let (mut of_apps, mut of_the_platform) = (0, 0);
    for document in of_kind("NetworkPolicy") {
        let namespace = document["metadata"]["namespace"].as_str().unwrap();
        let account = format!("system:serviceaccount:{namespace}:argocd-sync");
        let denials = policies.judge(&Request::create(document.clone()).by(&account));
        let name = document["metadata"]["name"].as_str().unwrap();
        if ["default-deny", "dns"].contains(&name) {
            assert!(!denials.is_empty(), "{namespace}/{name}");
            of_the_platform += 1;
        } else {
            assert!(denials.is_empty(), "{namespace}/{name}: {denials:?}");
            of_apps += 1;
        }
    }
    assert_eq!(of_the_platform, 6);
    assert!(of_apps >= 4, "{of_apps}");
}

fn policies() -> impl Iterator<Item = Value> {
    of_kind("ValidatingAdmissionPolicy")
}

fn of_kind(kind: &'static str) -> impl Iterator<Item = Value> {
    let documents: Vec<_> = RENDERED
        .of_kind(kind)
        .map(|document| document.value().clone())
        .collect();
    assert!(!documents.is_empty());
    documents.into_iter()
}

/// The differences after a change of one policy or binding.
fn with_policy(wanted: &Value, change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut rendered = RENDERED.clone();
    let mut documents = rendered.documents_mut().iter_mut();
    let document = documents
        .find(|document| document.value() == wanted)
        .unwrap();
    change(document.value_mut());
    differences(&rendered, &TRIALS)
}
