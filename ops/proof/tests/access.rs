//! What the repository's roles allow is what `access.yaml` says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};

use proof::access::{Expected, Place, Request, Resource, Subject, differences, granted};
use proof::rendered::{Rendered, environments};
use serde_json::json;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn rendered(environment: &str) -> Rendered {
    Rendered::of_repository(&root(), environment).unwrap()
}

fn expected() -> Expected {
    Expected::of_repository(&root()).unwrap()
}

#[test]
fn the_manifests_of_every_environment_allow_what_access_yaml_says_and_no_more() {
    for environment in environments(&root()).unwrap() {
        let differences = differences(&rendered(&environment), &expected());
        assert!(differences.is_empty(), "{environment}: {differences:#?}");
    }
}

#[test]
fn a_verb_more_and_a_verb_less_are_both_said() {
    let mut rendered = rendered("local");
    let role = rendered
        .documents_mut()
        .iter_mut()
        .find(|one| one.kind() == "Role" && one.name() == "team-developer")
        .unwrap();
    role.value_mut()["rules"][0]["verbs"] = json!(["get", "list", "deletecollection"]);
    let differences = differences(&rendered, &expected());
    let says = |text: &str| differences.iter().any(|one| one.contains(text));
    assert!(says("may deletecollection pods"), "{differences:#?}");
    assert!(says("may not watch pods"), "{differences:#?}");
}

#[test]
fn nobody_but_the_platform_s_account_may_change_roles() {
    let matrix = granted(rendered("local").documents()).matrix;
    for who in matrix.subjects() {
        for kind in [
            "roles",
            "rolebindings",
            "clusterroles",
            "clusterrolebindings",
        ] {
            for verb in ["create", "update", "patch", "delete", "bind", "escalate"] {
                let request = Request {
                    namespace: Some("invoice"),
                    group: "rbac.authorization.k8s.io",
                    resource: kind,
                    object: None,
                    verb,
                };
                let allowed = matrix.allows(who, &request);
                assert!(
                    !allowed || *who == Subject::account("argocd", "platform-sync"),
                    "{who} may {verb} {kind}"
                );
                assert!(
                    !allowed || !["bind", "escalate"].contains(&verb),
                    "{who} {verb}"
                );
            }
        }
    }
}

/// The API server refuses a role with more than its writer holds; an account that held less could not
/// keep the state that it is there for.
#[test]
fn the_platform_s_account_holds_everything_that_it_grants() {
    let matrix = granted(rendered("local").documents()).matrix;
    let sync = Subject::account("argocd", "platform-sync");
    let mut seen = 0;
    for (who, place, grants) in matrix.rows().filter(|(who, _, _)| **who != sync) {
        for grant in grants {
            let Resource::Object { group, name } = &grant.resource else {
                panic!("{who} in {place}: {}", grant.resource)
            };
            let request = Request {
                namespace: match place {
                    Place::Namespace(name) => Some(name),
                    Place::Cluster => None,
                },
                group,
                resource: name,
                object: grant.object.as_deref(),
                verb: &grant.verb,
            };
            assert!(
                matrix.allows(&sync, &request),
                "it cannot grant {who} in {place}: {} {}",
                grant.verb,
                grant.resource
            );
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn no_right_is_a_pattern() {
    let matrix = granted(rendered("local").documents()).matrix;
    for (who, place, grants) in matrix.rows() {
        for grant in grants {
            let text = format!("{} {}", grant.verb, grant.resource);
            assert!(!text.contains('*'), "{who} in {place}: {text}");
        }
    }
}

#[test]
fn nobody_reads_secrets_or_makes_tokens() {
    let matrix = granted(rendered("local").documents()).matrix;
    for (who, place, grants) in matrix.rows() {
        for grant in grants {
            let text = grant.resource.to_string();
            assert!(
                text != "secrets" && text != "serviceaccounts/token" && grant.verb != "impersonate",
                "{who} in {place}: {} {text}",
                grant.verb
            );
        }
    }
}
