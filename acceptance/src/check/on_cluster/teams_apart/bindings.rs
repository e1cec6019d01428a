//! Who holds a role at all. Questions are about those whom access.yaml names; a binding for anybody else is
//! seen only by looking through all of them.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, RoleBinding, Subject as Holder};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;
use kube::api::ListParams;
use proof::access::Subject;

use super::super::ClusterWorld;
use crate::failure::Failure;

/// The API server writes its own bindings under it, and writes them again when they are changed.
const BUILT_IN: (&str, &str) = ("kubernetes.io/bootstrapping", "rbac-defaults");
/// Whoever may write bindings of the whole cluster says by it that one is the cluster's business.
const OF_THE_CLUSTER: &str = "invoice-platform.example/of-the-cluster";
/// Built-in roles that are for everybody: asking about oneself, seeing which APIs there are, and which
/// certificates the cluster believes.
const FOR_EVERYBODY: [&str; 5] = [
    "system:basic-user",
    "system:cluster-trust-bundle-discovery",
    "system:discovery",
    "system:public-info-viewer",
    "system:service-account-issuer-discovery",
];
/// The cluster's own programs.
const KUBE_SYSTEM: &str = "kube-system";
const ARGO_CD: &str = "argocd";

/// One binding, or what counts of it.
#[derive(Default)]
struct Binding {
    name: String,
    /// None for the whole cluster.
    namespace: Option<String>,
    role: String,
    built_in: bool,
    /// It was there before the teams were, or is said to be the cluster's.
    of_the_cluster: bool,
    holders: Vec<Subject>,
}

/// What was seen.
pub(super) struct Bindings {
    pub(super) count: usize,
    /// Who is neither in access.yaml nor the cluster's own, a sentence each.
    pub(super) strangers: Vec<String>,
    /// Bindings of the whole cluster that are not Kubernetes' own and not ours.
    pub(super) of_the_cluster: BTreeSet<String>,
}

pub(super) async fn look_through(
    world: &ClusterWorld,
    known: &BTreeSet<&Subject>,
    teams: &[String],
) -> Result<Bindings, Failure> {
    let bindings = all(world, teams).await?;
    let strangers = bindings
        .iter()
        .flat_map(|binding| strangers(binding, known, teams))
        .collect();
    let others = bindings.iter().filter(|binding| {
        let ours = binding.holders.iter().all(|holder| known.contains(holder));
        binding.namespace.is_none() && !binding.built_in && !ours
    });
    Ok(Bindings {
        count: bindings.len(),
        strangers,
        of_the_cluster: others.map(|binding| binding.name.clone()).collect(),
    })
}

/// Those of the holders of whom nobody knows why.
fn strangers(binding: &Binding, known: &BTreeSet<&Subject>, teams: &[String]) -> Vec<String> {
    let strange = binding.holders.iter();
    let strange = strange.filter(|who| !known.contains(who) && !has_a_reason(binding, who, teams));
    strange
        .map(|who| {
            let place = binding.namespace.as_deref();
            format!(
                "{} gives {who} the role {} in {}, which neither access.yaml says nor Kubernetes itself; take it \
                 away, or label it {OF_THE_CLUSTER} if it is the cluster's business",
                binding.name,
                binding.role,
                place.unwrap_or("the whole cluster")
            )
        })
        .collect()
}

fn has_a_reason(binding: &Binding, who: &Subject, teams: &[String]) -> bool {
    let team = |namespace: &String| teams.contains(namespace);
    match (who, &binding.namespace) {
        // Pods of a team run as it.
        (Subject::Account { namespace, .. }, _) if team(namespace) => false,
        (_, Some(place)) if team(place) => false,
        (Subject::Account { namespace, .. }, Some(place)) if place == ARGO_CD => {
            namespace == ARGO_CD
        }
        (_, Some(place)) => place != ARGO_CD,
        (Subject::Group(name) | Subject::User(name), None) if is_everybody(name) => {
            binding.built_in && FOR_EVERYBODY.contains(&binding.role.as_str())
        }
        // Parts of Kubernetes; nobody else may call themselves so.
        (Subject::Group(name) | Subject::User(name), None) if name.starts_with("system:") => true,
        (Subject::Account { namespace, .. }, None) if namespace == KUBE_SYSTEM => true,
        (_, None) => binding.of_the_cluster,
    }
}

fn is_everybody(name: &str) -> bool {
    let all = [
        "system:anonymous",
        "system:authenticated",
        "system:unauthenticated",
    ];
    all.contains(&name) || name.starts_with("system:serviceaccounts")
}

async fn all(world: &ClusterWorld, teams: &[String]) -> Result<Vec<Binding>, Failure> {
    let every = ListParams::default();
    let namespaces = world.cluster.all::<Namespace>().list(&every).await;
    let namespaces = namespaces.map_err(Failure::cluster("list the namespaces"))?;
    let ours = namespaces
        .iter()
        .filter(|one| teams.contains(&one.name_any()));
    let teams_came = ours
        .filter_map(|one| one.metadata.creation_timestamp.clone())
        .min();
    let read = |object: &dyn Marked, role: &str, holders: &Option<Vec<Holder>>| Binding {
        name: object.title(),
        namespace: object.place(),
        role: role.to_owned(),
        built_in: object
            .label(BUILT_IN.0)
            .is_some_and(|value| value == BUILT_IN.1),
        of_the_cluster: object.label(OF_THE_CLUSTER).is_some() || object.made() < teams_came,
        holders: holders.iter().flatten().map(subject).collect(),
    };
    let cluster = world.cluster.all::<ClusterRoleBinding>().list(&every).await;
    let cluster = cluster.map_err(Failure::cluster("list the bindings of the whole cluster"))?;
    let local = world.cluster.all::<RoleBinding>().list(&every).await;
    let local = local.map_err(Failure::cluster("list the bindings of all namespaces"))?;
    let cluster = cluster
        .iter()
        .map(|one| read(one, &one.role_ref.name, &one.subjects));
    let local = local
        .iter()
        .map(|one| read(one, &one.role_ref.name, &one.subjects));
    Ok(cluster.chain(local).collect())
}

/// What both kinds of bindings tell of themselves.
trait Marked {
    fn title(&self) -> String;
    fn place(&self) -> Option<String>;
    fn label(&self, name: &str) -> Option<String>;
    fn made(&self) -> Option<Time>;
}

impl<K: ResourceExt> Marked for K {
    fn title(&self) -> String {
        match self.namespace() {
            Some(namespace) => format!("RoleBinding {namespace}/{}", self.name_any()),
            None => format!("ClusterRoleBinding {}", self.name_any()),
        }
    }

    fn place(&self) -> Option<String> {
        self.namespace()
    }

    fn label(&self, name: &str) -> Option<String> {
        self.labels().get(name).cloned()
    }

    fn made(&self) -> Option<Time> {
        self.creation_timestamp()
    }
}

fn subject(holder: &Holder) -> Subject {
    match (holder.kind.as_str(), &holder.namespace) {
        ("ServiceAccount", Some(namespace)) => Subject::account(namespace, &holder.name),
        ("Group", _) => Subject::Group(holder.name.clone()),
        _ => holder
            .name
            .strip_prefix("system:serviceaccount:")
            .and_then(|account| account.split_once(':'))
            .map_or_else(
                || Subject::User(holder.name.clone()),
                |(namespace, name)| Subject::account(namespace, name),
            ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str) -> Subject {
        Subject::Group(name.to_owned())
    }

    /// Whether somebody who holds a role by this binding is a stranger.
    fn strange(binding: Binding, who: Subject) -> bool {
        let known = group("team-invoice");
        let teams = ["invoice".to_owned()];
        let binding = Binding {
            holders: vec![known.clone(), who],
            ..binding
        };
        !strangers(&binding, &BTreeSet::from([&known]), &teams).is_empty()
    }

    fn within(namespace: &str) -> Binding {
        Binding {
            namespace: Some(namespace.to_owned()),
            of_the_cluster: true,
            ..Binding::default()
        }
    }

    #[test]
    fn in_a_team_s_namespace_nobody_holds_a_role_whom_access_yaml_does_not_name() {
        for who in [
            group("people"),
            group("system:authenticated"),
            group("system:masters"),
            Subject::User("somebody".to_owned()),
            Subject::account("invoice", "default"),
            Subject::account("kube-system", "controller"),
        ] {
            assert!(strange(within("invoice"), who.clone()), "{who}");
        }
        assert!(!strange(within("invoice"), group("team-invoice")));
    }

    #[test]
    fn a_team_s_account_holds_nothing_anywhere() {
        let pods = || Subject::account("invoice", "default");
        assert!(strange(within("kube-system"), pods()));
        assert!(strange(within("argocd"), pods()));
        let cluster = Binding {
            of_the_cluster: true,
            ..Binding::default()
        };
        assert!(strange(cluster, pods()));
        assert!(!strange(
            within("kube-system"),
            Subject::account("monitoring", "reader")
        ));
    }

    #[test]
    fn in_the_namespace_of_argo_cd_its_own_accounts_hold_roles_alone() {
        assert!(!strange(
            within("argocd"),
            Subject::account("argocd", "server")
        ));
        assert!(strange(
            within("argocd"),
            Subject::account("monitoring", "reader")
        ));
        assert!(strange(within("argocd"), group("people")));
    }

    #[test]
    fn everybody_holds_the_built_in_roles_for_everybody_and_no_others() {
        let built_in = |role: &str| Binding {
            role: role.to_owned(),
            built_in: true,
            of_the_cluster: true,
            ..Binding::default()
        };
        for who in [
            "system:authenticated",
            "system:unauthenticated",
            "system:serviceaccounts:invoice",
        ] {
            assert!(!strange(built_in("system:discovery"), group(who)), "{who}");
            assert!(strange(built_in("cluster-admin"), group(who)), "{who}");
            let not_built_in = Binding {
                built_in: false,
                ..built_in("system:discovery")
            };
            assert!(strange(not_built_in, group(who)), "{who}");
        }
        assert!(!strange(built_in("cluster-admin"), group("system:masters")));
    }

    #[test]
    fn for_the_whole_cluster_others_hold_what_was_there_before_the_teams() {
        let reader = || Subject::account("monitoring", "reader");
        let before = Binding {
            of_the_cluster: true,
            ..Binding::default()
        };
        assert!(!strange(before, reader()));
        assert!(strange(Binding::default(), reader()));
        assert!(strange(Binding::default(), group("people")));
        assert!(!strange(
            Binding::default(),
            Subject::account("kube-system", "controller")
        ));
    }

    #[test]
    fn an_account_is_the_same_by_its_user_name() {
        let holder = |kind: &str, name: &str, namespace: Option<&str>| Holder {
            kind: kind.to_owned(),
            name: name.to_owned(),
            namespace: namespace.map(str::to_owned),
            ..Holder::default()
        };
        let account = Subject::account("a", "b");
        assert_eq!(subject(&holder("ServiceAccount", "b", Some("a"))), account);
        assert_eq!(
            subject(&holder("User", "system:serviceaccount:a:b", None)),
            account
        );
        assert_eq!(subject(&holder("Group", "g", None)), group("g"));
    }
}
