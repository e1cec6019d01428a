//! What the cluster lets whom do, as it says itself, and doing it as somebody else.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectRulesReview, SelfSubjectRulesReviewSpec, SubjectAccessReview,
    SubjectAccessReviewSpec, SubjectRulesReviewStatus,
};
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use kube::api::{ListParams, PostParams};
use kube::{Api, Client, ResourceExt};
use proof::access::{Request, Subject};

use super::Cluster;
use crate::failure::{Failure, ensure};

/// A resource or a sub-resource that the cluster serves.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Served {
    /// `apps`; empty for the core group.
    pub(crate) group: String,
    /// `pods` or `pods/log`.
    pub(crate) name: String,
    pub(crate) namespaced: bool,
    /// What requests there are.
    pub(crate) verbs: BTreeSet<String>,
}

impl Cluster {
    /// Every resource that the cluster has, sub-resources too, each once whatever its versions.
    pub(crate) async fn served(&self) -> Result<Vec<Served>, Failure> {
        let doing = || Failure::cluster("list what the API serves");
        let core = self.client.list_core_api_versions_aggregated().await;
        let groups = self.client.list_api_groups_aggregated().await;
        let all = core
            .map_err(doing())?
            .items
            .into_iter()
            .chain(groups.map_err(doing())?.items);
        let mut found = BTreeMap::new();
        for group in all {
            let name = group.metadata.and_then(|metadata| metadata.name);
            let name = name.unwrap_or_default();
            let resources = group.versions.into_iter().flat_map(|one| one.resources);
            for resource in resources {
                let Some(plural) = resource.resource else {
                    continue;
                };
                let namespaced = resource.scope.as_deref() == Some("Namespaced");
                let mut serves = |resource: String, verbs: Vec<String>| {
                    let all = found.entry((name.clone(), resource));
                    let (_, known): &mut (bool, BTreeSet<_>) =
                        all.or_insert((namespaced, BTreeSet::new()));
                    known.extend(verbs);
                };
                for sub in resource.subresources {
                    if let Some(name) = sub.subresource {
                        serves(format!("{plural}/{name}"), sub.verbs);
                    }
                }
                serves(plural, resource.verbs);
            }
        }
        let served = found
            .into_iter()
            .map(|((group, name), (namespaced, verbs))| Served {
                group,
                name,
                namespaced,
                verbs,
            });
        Ok(served.collect())
    }

    /// The names of all namespaces.
    pub(crate) async fn namespaces(&self) -> Result<Vec<String>, Failure> {
        let all = self.all::<Namespace>().list(&ListParams::default()).await;
        let all = all.map_err(Failure::cluster("list the namespaces"))?;
        Ok(all.iter().map(ResourceExt::name_any).collect())
    }

    /// Every account of these namespaces: pods run as one of them.
    pub(crate) async fn accounts(&self, namespaces: &[String]) -> Result<Vec<Subject>, Failure> {
        let all = self
            .all::<ServiceAccount>()
            .list(&ListParams::default())
            .await;
        let all = all.map_err(Failure::cluster("list the accounts"))?;
        let of_all = all.iter().filter_map(|account| {
            let namespace = account.namespace()?;
            Some(Subject::account(&namespace, &account.name_any()))
                .filter(|_| namespaces.contains(&namespace))
        });
        Ok(of_all.collect())
    }

    /// Asks the API server whether somebody may do something.
    pub(crate) async fn may(&self, who: &Subject, what: &Request<'_>) -> Result<bool, Failure> {
        let (resource, sub) = match what.resource.split_once('/') {
            Some((resource, sub)) => (resource, Some(sub.to_owned())),
            None => (what.resource, None),
        };
        let review = SubjectAccessReview {
            spec: SubjectAccessReviewSpec {
                user: Some(who.user_name()),
                groups: Some(who.groups()),
                resource_attributes: Some(ResourceAttributes {
                    group: Some(what.group.to_owned()),
                    resource: Some(resource.to_owned()),
                    subresource: sub,
                    verb: Some(what.verb.to_owned()),
                    namespace: what.namespace.map(str::to_owned),
                    name: what.object.map(str::to_owned),
                    ..ResourceAttributes::default()
                }),
                ..SubjectAccessReviewSpec::default()
            },
            ..SubjectAccessReview::default()
        };
        let answer = self
            .all::<SubjectAccessReview>()
            .create(&PostParams::default(), &review)
            .await;
        let status = answer
            .map_err(Failure::cluster(format!("ask what {who} may do")))?
            .status;
        Ok(status.is_some_and(|status| status.allowed))
    }

    /// The rules that hold for somebody in a namespace, as the API server lists them.
    pub(crate) async fn rules(
        &self,
        who: &Subject,
        namespace: &str,
    ) -> Result<SubjectRulesReviewStatus, Failure> {
        let review = SelfSubjectRulesReview {
            spec: SelfSubjectRulesReviewSpec {
                namespace: Some(namespace.to_owned()),
            },
            ..SelfSubjectRulesReview::default()
        };
        let api: Api<SelfSubjectRulesReview> = Api::all(self.client_as(who)?);
        let answer = api
            .create(&PostParams::default(), &review)
            .await
            .map_err(Failure::cluster(format!("list the rules of {who}")))?;
        let status = answer.status;
        let status = status
            .ok_or_else(|| Failure::wrong(format!("the API server lists no rules of {who}")))?;
        complete(status, who)
    }

    /// A client that comes as somebody else.
    pub(crate) fn client_as(&self, who: &Subject) -> Result<Client, Failure> {
        let mut config = self.config.clone();
        config.auth_info.impersonate = Some(who.user_name());
        config.auth_info.impersonate_groups = Some(who.groups());
        Client::try_from(config).map_err(Failure::cluster(format!("come as {who}")))
    }
}

/// A list that the API server itself calls incomplete says nothing of what it leaves out.
fn complete(
    status: SubjectRulesReviewStatus,
    who: &Subject,
) -> Result<SubjectRulesReviewStatus, Failure> {
    let error = status.evaluation_error.as_deref().unwrap_or_default();
    let error = if error.is_empty() && status.incomplete {
        "no reason"
    } else {
        error
    };
    ensure(error.is_empty(), || {
        format!(
            "the API server's list of the rules of {who} is incomplete, so {who} may have rights that no check sees. It \
             says: {error}"
        )
    })?;
    Ok(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(incomplete: bool, error: Option<&str>) -> Result<(), String> {
        let status = SubjectRulesReviewStatus {
            incomplete,
            evaluation_error: error.map(str::to_owned),
            ..SubjectRulesReviewStatus::default()
        };
        let told = complete(status, &Subject::account("invoice", "default"));
        told.map(drop).map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_list_of_rules_that_leaves_some_out_is_none() {
        assert_eq!(told(false, None), Ok(()));
        assert_eq!(told(false, Some("")), Ok(()));
        let said = told(true, None).unwrap_err();
        assert!(said.contains("incomplete"), "{said}");
        let said = told(
            true,
            Some("webhook authorizer does not support user rule resolution"),
        );
        assert!(said.unwrap_err().ends_with("user rule resolution"));
        assert!(told(false, Some("a role is not there")).is_err());
    }
}
