//! What Argo CD itself lets people do who hold no role of a project. The projects' roles keep the teams apart only
//! where that is nothing.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;

use super::super::ClusterWorld;
use crate::failure::{Failure, ensure};

const POLICIES: &str = "argocd-rbac-cm";
const SETTINGS: &str = "argocd-cm";

type Data = BTreeMap<String, String>;

pub(super) async fn may_nothing(world: &ClusterWorld) -> Result<(), Failure> {
    let policies = data(world, POLICIES).await?;
    let settings = data(world, SETTINGS).await?;
    let open = open_to_everybody(&policies, &settings);
    ensure(open.is_empty(), || open.join("; "))
}

/// What is in a `ConfigMap` of Argo CD's: without the object it takes its defaults, which give nobody anything.
async fn data(world: &ClusterWorld, name: &str) -> Result<Data, Failure> {
    let namespace = &world.argocd()?.namespace;
    let api = world.cluster.api::<ConfigMap>(namespace);
    let found = api.get_opt(name).await;
    let found = found.map_err(Failure::cluster(format!("get {name} of {namespace}")))?;
    Ok(found.and_then(|found| found.data).unwrap_or_default())
}

/// A sentence each. Even a role that only reads shows every team's Applications.
fn open_to_everybody(policies: &Data, settings: &Data) -> Vec<String> {
    let mut found = Vec::new();
    let role = policies
        .get("policy.default")
        .map_or("", |role| role.trim());
    if !role.is_empty() {
        found.push(format!(
            "{POLICIES} gives {role} to everybody who signs in, and with it every team's Applications; take \
             policy.default out of it"
        ));
    }
    // Argo CD takes no other word for yes.
    if settings.get("users.anonymous.enabled").map(String::as_str) == Some("true") {
        found.push(format!(
            "{SETTINGS} lets in who does not sign in; take users.anonymous.enabled out of it"
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Data, open_to_everybody};

    fn only(name: &str, value: &str) -> Data {
        Data::from([(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn a_role_for_everybody_who_signs_in_is_said_whichever_it_is() {
        let said = |role: &str| open_to_everybody(&only("policy.default", role), &Data::new());
        for role in ["role:readonly", "role:admin", "role:ours"] {
            assert!(said(role).concat().contains(role), "{role}");
        }
        assert!(said("").is_empty());
        let others = only("policy.csv", "g, team-invoice, proj:invoice:team");
        assert!(open_to_everybody(&others, &Data::new()).is_empty());
    }

    #[test]
    fn letting_in_who_does_not_sign_in_is_said() {
        let said =
            |value: &str| open_to_everybody(&Data::new(), &only("users.anonymous.enabled", value));
        assert_eq!(said("true").len(), 1);
        assert!(said("false").is_empty());
        assert!(open_to_everybody(&Data::new(), &Data::new()).is_empty());
    }
}
