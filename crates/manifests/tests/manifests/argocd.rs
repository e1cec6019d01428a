use std::collections::BTreeSet;
use std::fs;

use manifests::{Document, Kubectl};
use serde_json::{Value, json};

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

/// What a cluster of another environment renders, whose team operations has programs too.
fn placed(environment: &str, of_operations: &[&str]) -> Vec<Document> {
    // Below the build folder, not the system's temporary one: kustomize takes relative paths alone.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let up = rendered::path_from(folder.path(), &rendered::root().join("argocd"));
    let entries: Vec<_> = of_operations
        .iter()
        .map(|app| json!({"app": app}))
        .collect();
    let list = "/spec/generators/0/matrix/generators/0/list/elements";
    let patch = json!([{"op": "add", "path": list, "value": entries}]);
    let text = format!(
        "resources: [{up}]
components: [{up}/place]
configMapGenerator:
- name: place
  behavior: merge
  literals: [environment={environment}]
patches:
- target: {{kind: ApplicationSet, name: operations}}
  patch: '{patch}'
"
    );
    fs::write(folder.path().join("kustomization.yaml"), text).unwrap();
    rendered::answer(Kubectl::default().render(folder.path()))
}

/// The name and the path of each Application that the sets make: the template filled in for each pair of entries.
fn made_by_sets(objects: &[Document]) -> BTreeSet<(String, String)> {
    let mut made = BTreeSet::new();
    let sets = objects
        .iter()
        .filter(|object| object.kind() == "ApplicationSet");
    for set in sets {
        let lists: Vec<&Vec<Value>> = set
            .list("/spec/generators/0/matrix/generators")
            .iter()
            .map(|generator| generator["list"]["elements"].as_array().unwrap())
            .collect();
        assert_eq!(lists.len(), 2, "{set}");
        for (program, place) in lists[0]
            .iter()
            .flat_map(|program| lists[1].iter().map(move |place| (program, place)))
        {
            let filled = |pointer: &str| {
                set.text(pointer)
                    .unwrap()
                    .replace("{{.app}}", program["app"].as_str().unwrap())
                    .replace("{{.environment}}", place["environment"].as_str().unwrap())
            };
            made.insert((
                filled("/spec/template/metadata/name"),
                filled("/spec/template/spec/source/path"),
            ));
        }
    }
    made
}

fn named(applications: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    let owned = |(name, path): &(&str, &str)| ((*name).to_owned(), (*path).to_owned());
    applications.iter().map(owned).collect()
}

#[test]
fn each_program_is_deployed_in_the_environment_of_its_place() {
    let here = named(&[
        ("invoice-app-local", "clusters/local/invoice-app"),
        ("payment-provider-local", "clusters/local/payment-provider"),
    ]);
    assert_eq!(made_by_sets(&argocd()), here);
    let there = named(&[
        ("invoice-app-dev", "clusters/dev/invoice-app"),
        ("payment-provider-dev", "clusters/dev/payment-provider"),
    ]);
    assert_eq!(made_by_sets(&placed("dev", &[])), there);
}

#[test]
fn the_first_entry_of_a_team_without_programs_deploys_one() {
    let made = made_by_sets(&placed("dev", &["ledger"]));
    let ledger = named(&[("ledger-dev", "clusters/dev/ledger")]);
    assert_eq!(made.len(), 3, "{made:?}");
    assert!(made.is_superset(&ledger), "{made:?}");
}
