//! What Argo CD may do for each team: one project a team, which ends at the team's namespace and applies what
//! it lets through with the rights of that namespace's sync account; and its Applications, which read the team's own
//! folders of the deployment branch.

mod applications;
mod kinds;

use manifests::Document;
use serde_json::{Value, json};

use crate::rendered::Rendered;
use crate::tenants::TENANTS;

const CLUSTER: &str = "https://kubernetes.default.svc";
const PLATFORM: &str = "platform";
const ARGO_CD: &str = "argocd";

/// What a project's specification may hold: a field that is not known here would not be looked at.
const FIELDS: [&str; 7] = [
    "description",
    "sourceRepos",
    "destinations",
    "destinationServiceAccounts",
    "clusterResourceWhitelist",
    "namespaceResourceWhitelist",
    "roles",
];
/// What one of its roles may hold: no tokens.
const FIELDS_OF_ROLES: [&str; 4] = ["name", "description", "groups", "policies"];

/// What a project allows otherwise than it should, a sentence each.
#[must_use]
pub fn differences(rendered: &Rendered) -> Vec<String> {
    let mut found = Vec::new();
    for name in TENANTS.into_iter().chain([PLATFORM]) {
        let project = rendered
            .of_kind("AppProject")
            .find(|one| one.name() == name);
        match project {
            None => found.push(format!("no AppProject {name} is rendered")),
            Some(project) => {
                found.extend(fields(project));
                found.extend(destinations(project));
                found.extend(kinds::differences(project, rendered));
                found.extend(account(project));
                found.extend(roles(project));
            }
        }
    }
    let known =
        |project: &&Document| TENANTS.contains(&project.name()) || project.name() == PLATFORM;
    let more = rendered
        .of_kind("AppProject")
        .filter(|project| !known(project));
    found.extend(more.map(|project| format!("{project} is no team's")));
    found.extend(applications::differences(rendered));
    found
}

fn is_platform(project: &Document) -> bool {
    project.name() == PLATFORM
}

fn fields(project: &Document) -> Vec<String> {
    let others = |value: Option<&Value>, known: &[&str]| {
        let fields = value.and_then(Value::as_object).into_iter().flatten();
        let others = fields.filter(|(name, _)| !known.contains(&name.as_str()));
        others.map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    let of_roles = project.list("/spec/roles").iter();
    let of_roles = of_roles.flat_map(|role| others(Some(role), &FIELDS_OF_ROLES));
    others(project.at("/spec"), &FIELDS)
        .into_iter()
        .chain(of_roles)
        .map(|field| format!("{project} has a field {field}, which no project was meant to have"))
        .collect()
}

fn destinations(project: &Document) -> Option<String> {
    let mut namespaces = vec![project.name()];
    if is_platform(project) {
        namespaces = [&[ARGO_CD][..], &TENANTS].concat();
    }
    let wanted: Vec<_> = namespaces
        .iter()
        .map(|namespace| json!({"server": CLUSTER, "namespace": namespace}))
        .collect();
    let seen = project.list("/spec/destinations");
    let same = seen.len() == wanted.len() && wanted.iter().all(|one| seen.contains(one));
    (!same).then(|| {
        let seen: Vec<_> = seen.iter().map(ToString::to_string).collect();
        format!(
            "{project} deploys to {}, not to {namespaces:?}",
            seen.join(" and ")
        )
    })
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

fn account(project: &Document) -> Option<String> {
    let (namespace, account) = if is_platform(project) {
        (ARGO_CD, "platform-sync")
    } else {
        (project.name(), "argocd-sync")
    };
    let wanted =
        json!([{"server": CLUSTER, "namespace": namespace, "defaultServiceAccount": account}]);
    let seen = project.at("/spec/destinationServiceAccounts");
    (seen != Some(&wanted))
        .then(|| format!("{project} does not apply everything as {namespace}/{account}"))
}

/// One role for people, who may look and sync and nothing more.
fn roles(project: &Document) -> Vec<String> {
    let name = project.name();
    let group = if is_platform(project) {
        PLATFORM.to_owned()
    } else {
        format!("team-{name}")
    };
    let mut found = Vec::new();
    for role in project.list("/spec/roles") {
        let title = role["name"].as_str().unwrap_or_default();
        if role["groups"] != json!([group]) {
            found.push(format!(
                "{project}: role {title} is given to {}, not to {group}",
                role["groups"]
            ));
        }
        let allowed = ["applications, get", "applications, sync", "logs, get"];
        let allowed =
            allowed.map(|what| format!("p, proj:{name}:{title}, {what}, {name}/*, allow"));
        let more = strings(&role["policies"])
            .filter(|policy| !allowed.iter().any(|known| known == policy));
        found.extend(more.map(|policy| format!("{project}: role {title} may do more: {policy}")));
    }
    found
}
