//! Every question that access.yaml answers, put to the API server.

use std::collections::BTreeSet;

use futures_util::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::authorization::v1::ResourceRule;
use proof::access::{Expected, Matrix, Place, Request, Resource, Subject};

use super::super::ClusterWorld;
use super::pages;
use crate::check::doors::Deployment;
use crate::cluster::authorization::Served;
use crate::failure::Failure;

/// As many questions at once as the API server answers without queueing them.
const AT_ONCE: usize = 64;
/// Verbs that no request has: the API server asks for them beside the request's own. Some are about
/// resources that it does not serve.
const BESIDE: [(&str, &str, &str); 12] = [
    ("bind", "rbac.authorization.k8s.io", "roles"),
    ("bind", "rbac.authorization.k8s.io", "clusterroles"),
    ("escalate", "rbac.authorization.k8s.io", "roles"),
    ("escalate", "rbac.authorization.k8s.io", "clusterroles"),
    ("impersonate", "", "users"),
    ("impersonate", "", "groups"),
    ("impersonate", "", "serviceaccounts"),
    ("impersonate", "authentication.k8s.io", "uids"),
    ("impersonate", "authentication.k8s.io", "userextras/scopes"),
    ("approve", "certificates.k8s.io", "signers"),
    ("sign", "certificates.k8s.io", "signers"),
    ("attest", "certificates.k8s.io", "signers"),
];

/// What Kubernetes lets everybody do who is authenticated, besides seeing which APIs there are: asking about
/// oneself.
const EVERYBODY: [(&str, &str, &str); 3] = [
    ("create", "authentication.k8s.io", "selfsubjectreviews"),
    ("create", "authorization.k8s.io", "selfsubjectaccessreviews"),
    ("create", "authorization.k8s.io", "selfsubjectrulesreviews"),
];
/// And what every account in addition, where the cluster has it: the certificates that it believes.
const EVERY_ACCOUNT: [(&str, &str, &str); 3] = [
    ("get", "certificates.k8s.io", "clustertrustbundles"),
    ("list", "certificates.k8s.io", "clustertrustbundles"),
    ("watch", "certificates.k8s.io", "clustertrustbundles"),
];
/// Whoever writes here tells Argo CD what to do.
const ARGO_CD: &str = "argocd";

/// What was asked, and what came out otherwise than expected.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) questions: usize,
    pub(super) allowed: usize,
    pub(super) subjects: usize,
    pub(super) places: usize,
    pub(super) namespaces: usize,
    pub(super) resources: usize,
    pub(super) differences: Vec<String>,
}

/// One question to the API server.
struct Question<'a> {
    who: &'a Subject,
    what: Request<'a>,
}

pub(super) async fn ask(
    world: &ClusterWorld,
    expected: &Expected,
    matrix: &Matrix,
) -> Result<Asked, Failure> {
    let served = world.cluster.served().await?;
    let namespaces = world.cluster.namespaces().await?;
    let mut subjects = matrix.subjects();
    // To whom nothing was given by name.
    let nobody = Subject::Group("acceptance-nobody".to_owned());
    subjects.insert(&nobody);
    let mut places: Vec<Option<&str>> = vec![None];
    places.extend(expected.teams().iter().map(|team| Some(team.as_str())));
    places.extend(
        namespaces
            .iter()
            .any(|name| name == ARGO_CD)
            .then_some(Some(ARGO_CD)),
    );
    let mut questions = Vec::new();
    for who in &subjects {
        for place in &places {
            questions.extend(of_any_object(who, *place, &served));
        }
    }
    questions.extend(of_named_objects(matrix));
    let accounts = world.cluster.accounts(expected.teams()).await?;
    world.console().step(&format!(
        "asking the API server {} questions, {AT_ONCE} at once",
        questions.len()
    ));
    let mut asked = Asked {
        questions: questions.len(),
        subjects: subjects.len() + accounts.len(),
        places: places.len(),
        resources: served.len(),
        ..Asked::default()
    };
    let answers: Vec<_> = stream::iter(&questions)
        .map(|question| answer(world, question, matrix))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    for (allowed, difference) in answers {
        asked.allowed += usize::from(allowed);
        asked.differences.extend(difference);
    }
    asked.namespaces = namespaces.len();
    subjects.extend(&accounts);
    let more = rules_of_every_namespace(world, &subjects, &namespaces, matrix).await?;
    asked.differences.extend(more);
    asked.differences.sort();
    Ok(asked)
}

/// Every request that there is for the resources that can be in a place.
fn of_any_object<'a>(
    who: &'a Subject,
    place: Option<&'a str>,
    served: &'a [Served],
) -> impl Iterator<Item = Question<'a>> {
    let question = move |verb: &'a str, group: &'a str, resource: &'a str| Question {
        who,
        what: Request {
            namespace: place,
            group,
            resource,
            object: None,
            verb,
        },
    };
    let usual = served
        .iter()
        .filter(move |resource| place.is_none() || resource.namespaced)
        .flat_map(move |resource| {
            let verbs = resource.verbs.iter();
            verbs.map(move |verb| question(verb, &resource.group, &resource.name))
        });
    let beside = BESIDE
        .into_iter()
        .map(move |(verb, group, resource)| question(verb, group, resource));
    usual.chain(beside)
}

/// What is expected to be allowed for some objects alone: these, and one of another name.
fn of_named_objects(matrix: &Matrix) -> Vec<Question<'_>> {
    let mut questions = Vec::new();
    for (who, place, grants) in matrix.rows() {
        for grant in grants {
            let (Resource::Object { group, name }, Some(object)) = (&grant.resource, &grant.object)
            else {
                continue;
            };
            for object in [object, "acceptance-another"] {
                questions.push(Question {
                    who,
                    what: Request {
                        namespace: match place {
                            Place::Cluster => None,
                            Place::Namespace(name) => Some(name),
                        },
                        group,
                        resource: name,
                        object: Some(object),
                        verb: &grant.verb,
                    },
                });
            }
        }
    }
    questions
}

/// The cluster's answer, and a sentence if it is not the expected one.
async fn answer(
    world: &ClusterWorld,
    question: &Question<'_>,
    matrix: &Matrix,
) -> Result<(bool, Option<String>), Failure> {
    let Question { who, what } = question;
    let allowed = world.cluster.may(who, what).await?;
    if allowed == (matrix.allows(who, what) || everybodys(who, what)) {
        return Ok((allowed, None));
    }
    let place = what.namespace.unwrap_or("the whole cluster");
    let says = if allowed { "may" } else { "may not" };
    let resource = Resource::Object {
        group: what.group.to_owned(),
        name: what.resource.to_owned(),
    };
    let object = what.object.unwrap_or_default();
    let sentence = format!("{who} in {place} {says} {} {resource} {object}", what.verb);
    Ok((allowed, Some(sentence.trim_end().to_owned())))
}

/// Whether Kubernetes lets everybody of this kind do it.
fn everybodys(who: &Subject, what: &Request<'_>) -> bool {
    let asked = (what.verb, what.group, what.resource);
    EVERYBODY.contains(&asked)
        || matches!(who, Subject::Account { .. }) && EVERY_ACCOUNT.contains(&asked)
}

/// The rules themselves, in every namespace of the cluster: a right to one object is not seen by asking about
/// any, and a right in a namespace of somebody else's not by asking about the teams'.
async fn rules_of_every_namespace(
    world: &ClusterWorld,
    subjects: &BTreeSet<&Subject>,
    namespaces: &[String],
    matrix: &Matrix,
) -> Result<Vec<String>, Failure> {
    let each = subjects
        .iter()
        .flat_map(|who| namespaces.iter().map(move |namespace| (*who, namespace)));
    let found: Vec<Vec<String>> = stream::iter(each)
        .map(|(who, namespace)| async move {
            let mut found = Vec::new();
            let rules = world.cluster.rules(who, namespace).await?;
            for request in unexpected(&rules.resource_rules, who, namespace, matrix) {
                let Request { verb, resource, .. } = request;
                let object = request.object.unwrap_or_default();
                found.push(format!(
                    "{who} in {namespace} has a rule to {verb} {resource} {object}"
                ));
            }
            found.extend(pages::unexpected(&rules.non_resource_rules, who));
            Ok::<_, Failure>(found)
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    // Rules about pages are of no namespace, and are listed in each.
    let found: BTreeSet<_> = found.into_iter().flatten().collect();
    Ok(found.into_iter().collect())
}

/// What rules allow and access.yaml does not say.
fn unexpected<'a>(
    rules: &'a [ResourceRule],
    who: &Subject,
    namespace: &'a str,
    matrix: &Matrix,
) -> Vec<Request<'a>> {
    let mut found = Vec::new();
    for rule in rules {
        let names = rule.resource_names.iter().flatten();
        let mut objects: Vec<Option<&str>> = names.map(|name| Some(name.as_str())).collect();
        if objects.is_empty() {
            objects.push(None);
        }
        for object in objects {
            for group in rule.api_groups.iter().flatten() {
                for resource in rule.resources.iter().flatten() {
                    found.extend(rule.verbs.iter().map(|verb| Request {
                        namespace: Some(namespace),
                        group,
                        resource,
                        object,
                        verb,
                    }));
                }
            }
        }
    }
    found.retain(|request| !matrix.allows(who, request) && !everybodys(who, request));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proof::access::Grant;

    fn served(name: &str, namespaced: bool, verbs: &[&str]) -> Served {
        Served {
            group: String::new(),
            name: name.to_owned(),
            namespaced,
            verbs: verbs.iter().map(|verb| (*verb).to_owned()).collect(),
        }
    }

    #[test]
    fn in_a_namespace_nothing_is_asked_that_belongs_to_none() {
        let all = [
            served("pods", true, &["get", "list"]),
            served("pods/exec", true, &["create"]),
            served("nodes", false, &["get"]),
        ];
        let who = Subject::Group("team".to_owned());
        let count = |place| of_any_object(&who, place, &all).count();
        assert_eq!(count(Some("invoice")), 3 + BESIDE.len());
        assert_eq!(count(None), 4 + BESIDE.len());
    }

    #[test]
    fn everybody_may_ask_about_themselves_and_nothing_more() {
        let (group, account) = (
            Subject::Group("team".to_owned()),
            Subject::account("a", "b"),
        );
        let may = |who: &Subject, verb, group, resource| {
            everybodys(
                who,
                &Request {
                    namespace: None,
                    group,
                    resource,
                    object: None,
                    verb,
                },
            )
        };
        assert!(may(
            &group,
            "create",
            "authorization.k8s.io",
            "selfsubjectaccessreviews"
        ));
        assert!(!may(
            &group,
            "create",
            "authorization.k8s.io",
            "subjectaccessreviews"
        ));
        assert!(!may(&group, "get", "", "nodes"));
        assert!(may(
            &account,
            "get",
            "certificates.k8s.io",
            "clustertrustbundles"
        ));
        assert!(!may(
            &group,
            "get",
            "certificates.k8s.io",
            "clustertrustbundles"
        ));
    }

    #[test]
    fn a_rule_for_one_object_is_expected_or_said() {
        let who = Subject::Group("team".to_owned());
        let rule = ResourceRule {
            api_groups: Some(vec![String::new()]),
            resources: Some(vec!["secrets".to_owned()]),
            resource_names: Some(vec!["password".to_owned()]),
            verbs: vec!["get".to_owned()],
        };
        let mut matrix = Matrix::default();
        let seen = |matrix: &Matrix| {
            let rules = std::slice::from_ref(&rule);
            unexpected(rules, &who, "invoice", matrix).len()
        };
        assert_eq!(seen(&matrix), 1);
        let grant = Grant {
            resource: Resource::parse("secrets"),
            object: Some("password".to_owned()),
            verb: "get".to_owned(),
        };
        matrix.allow(&who, &Place::Namespace("invoice".to_owned()), [grant]);
        assert_eq!(seen(&matrix), 0);
        assert_eq!(of_named_objects(&matrix).len(), 2);
    }
}
