use std::collections::BTreeSet;

use manifests::{Document, Kubectl};
use serde_json::json;

use crate::support::rendered;

const TEAMS: [&str; 3] = ["invoice", "operations", "payments"];

fn argocd() -> Vec<Document> {
    let folder = rendered::root().join("argocd");
    rendered::answer(Kubectl::default().render(&folder))
}

fn project<'a>(objects: &'a [Document], name: &str) -> &'a Document {
    objects
        .iter()
        .find(|object| object.kind() == "AppProject" && object.name() == name)
        .unwrap_or_else(|| panic!("there is no project {name}"))
}

#[test]
fn each_team_deploys_into_its_namespace_alone_and_as_its_account() {
    let objects = argocd();
    for team in TEAMS {
        let project = project(&objects, team);
        let here = json!({"server": "https://kubernetes.default.svc", "namespace": team});
        assert_eq!(project.list("/spec/destinations"), [here], "{team}");
        let account = json!({
            "server": "https://kubernetes.default.svc",
            "namespace": team,
            "defaultServiceAccount": "argocd-sync",
        });
        assert_eq!(
            project.list("/spec/destinationServiceAccounts"),
            [account],
            "{team}"
        );
        assert_eq!(
            project.at("/spec/clusterResourceWhitelist"),
            Some(&json!([])),
            "{team}"
        );
    }
}

#[test]
fn no_project_lets_through_secrets_and_only_the_platforms_roles_and_quotas() {
    let objects = argocd();
    for object in objects
        .iter()
        .filter(|object| object.kind() == "AppProject")
    {
        let kinds: BTreeSet<_> = object
            .list("/spec/namespaceResourceWhitelist")
            .iter()
            .map(|entry| entry["kind"].as_str().unwrap())
            .collect();
        assert!(!kinds.is_empty(), "{object} lets everything through");
        let platform = object.name() == "platform";
        for kind in ["Secret", "*"] {
            assert!(!kinds.contains(kind), "{object}: {kind}");
        }
        for kind in ["Role", "RoleBinding", "ResourceQuota", "LimitRange"] {
            assert_eq!(kinds.contains(kind), platform, "{object}: {kind}");
        }
        assert_eq!(
            kinds.contains("Ingress"),
            object.name() == "invoice",
            "{object}"
        );
    }
}

#[test]
fn every_application_belongs_to_a_project_of_ours_and_heals_itself() {
    let objects = argocd();
    let mut seen = 0;
    for object in &objects {
        let spec = match object.kind() {
            "Application" => "/spec",
            "ApplicationSet" => "/spec/template/spec",
            _ => continue,
        };
        let name = object
            .at(&format!("{spec}/project"))
            .and_then(|name| name.as_str())
            .unwrap();
        let project = project(&objects, name);
        let destination = object.at(&format!("{spec}/destination/namespace"));
        let accounts = project.list("/spec/destinationServiceAccounts");
        assert!(
            accounts
                .iter()
                .any(|account| Some(&account["namespace"]) == destination),
            "{object} would be synced with the rights of Argo CD itself"
        );
        let automated = object.at(&format!("{spec}/syncPolicy/automated"));
        assert_eq!(
            automated,
            Some(&json!({"prune": true, "selfHeal": true})),
            "{object}"
        );
        seen += 1;
    }
    assert_eq!(seen, 6);
}
