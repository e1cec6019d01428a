use serde_json::json;

use crate::support::rendered;
use crate::support::workload::{containers, deployments};

#[test]
fn no_secret_is_rendered() {
    let secrets = rendered::of_kind("Secret");
    assert!(secrets.is_empty(), "{secrets:?}");
}

#[test]
fn what_only_feeds_replacements_is_not_rendered() {
    let maps = rendered::of_kind("ConfigMap");
    assert!(maps.is_empty(), "{maps:?}");
}

#[test]
fn every_app_reads_its_database_from_the_secret_of_its_own_name() {
    for deployment in deployments() {
        let container = containers(deployment).next().unwrap();
        let variables = container["env"].as_array().unwrap();
        let url = variables
            .iter()
            .find(|variable| variable["name"] == "DATABASE_URL")
            .unwrap();
        let expected = json!({
            "name": "DATABASE_URL",
            "valueFrom": {"secretKeyRef": {
                "name": format!("{}-database", deployment.name()),
                "key": "DATABASE_URL",
            }},
        });
        assert_eq!(url, &expected, "{deployment}");
    }
}

#[test]
fn no_password_stands_in_a_manifest() {
    for document in rendered::documents() {
        let workload_containers = document.list("/spec/template/spec/containers").iter();
        // The first look has no variables at all.
        let variables = workload_containers.filter_map(|one| one["env"].as_array());
        for variable in variables.flatten() {
            let name = variable["name"].as_str().unwrap();
            let is_secret = ["PASSWORD", "DATABASE_URL", "TOKEN", "KEY"]
                .iter()
                .any(|word| name.contains(word));
            // A file that a Secret is mounted as is no secret itself.
            let is_file = variable["value"]
                .as_str()
                .is_some_and(|value| value.starts_with("/etc/tls/"));
            assert!(
                !is_secret || is_file || variable.get("value").is_none(),
                "{document}: {name}"
            );
        }
    }
}
