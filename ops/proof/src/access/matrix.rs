use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Everyone whom a certificate or a token puts into this group.
    Group(String),
    /// A `ServiceAccount`.
    Account {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// One person or program by name.
    User(String),
}

/// Where something is allowed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In every namespace, and for what belongs to none.
    Cluster,
    /// In one namespace.
    Namespace(String),
}

/// What is acted on. `*` stands for all, as in a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// A resource or a sub-resource of an API group.
    Object {
        /// `apps`; empty for the core group.
        group: String,
        /// `pods` or `pods/log`.
        name: String,
    },
    /// A path of the API server that belongs to no resource.
    Url(String),
}

/// One verb on one resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// On what.
    pub resource: Resource,
    /// The only object it is for, unless it is for all.
    pub object: Option<String>,
    /// What may be done.
    pub verb: String,
}

/// What somebody asks to do. Nothing here is a pattern.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Where; `None` for what belongs to no namespace and for all namespaces at once.
    pub namespace: Option<&'a str>,
    /// `apps`; empty for the core group.
    pub group: &'a str,
    /// `pods` or `pods/log`.
    pub resource: &'a str,
    /// The object, if the request names one.
    pub object: Option<&'a str>,
    /// `get`, for example.
    pub verb: &'a str,
}

/// Everything that is allowed: who, where, what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matrix(BTreeMap<(Subject, Place), BTreeSet<Grant>>);

impl Matrix {
    /// Allows something.
    pub fn allow(&mut self, who: &Subject, place: &Place, grants: impl IntoIterator<Item = Grant>) {
        let key = (who.clone(), place.clone());
        self.0.entry(key).or_default().extend(grants);
    }

    /// Everybody who is allowed anything.
    #[must_use]
    pub fn subjects(&self) -> BTreeSet<&Subject> {
        self.0.keys().map(|(who, _)| who).collect()
    }

    /// What somebody is allowed in a place, without what they are allowed in a wider one.
    #[must_use]
    pub fn grants(&self, who: &Subject, place: &Place) -> BTreeSet<Grant> {
        let key = (who.clone(), place.clone());
        self.0.get(&key).cloned().unwrap_or_default()
    }

    /// Every row: who, where, what.
    pub fn rows(&self) -> impl Iterator<Item = (&Subject, &Place, &BTreeSet<Grant>)> {
        self.0
            .iter()
            .map(|((who, place), grants)| (who, place, grants))
    }

    /// Whether a subject is allowed something, by itself: the groups that it is in are other subjects.
    #[must_use]
    pub fn allows(&self, who: &Subject, request: &Request) -> bool {
        let places = [
            Some(Place::Cluster),
            request
                .namespace
                .map(|namespace| Place::Namespace(namespace.to_owned())),
        ];
        places.into_iter().flatten().any(|place| {
            self.0
                .get(&(who.clone(), place))
                .is_some_and(|grants| grants.iter().any(|grant| grant.covers(request)))
        })
    }

    /// The same access with each grant once: not again for one object or in one namespace where it is
    /// there for all.
    #[must_use]
    pub fn reduced(&self) -> Self {
        let mut reduced = Self::default();
        for (who, place, grants) in self.rows() {
            let wider = match place {
                Place::Cluster => BTreeSet::new(),
                Place::Namespace(_) => self.grants(who, &Place::Cluster),
            };
            let needed = grants.iter().filter(|grant| {
                let for_all = Grant {
                    object: None,
                    ..(*grant).clone()
                };
                let covered = grant.object.is_some() && grants.contains(&for_all);
                !covered && !wider.contains(grant) && !wider.contains(&for_all)
            });
            let needed: BTreeSet<_> = needed.cloned().collect();
            if !needed.is_empty() {
                reduced.allow(who, place, needed);
            }
        }
        reduced
    }

    /// Whose rows are not the same in both. All others need no closer look.
    fn unlike<'a>(&'a self, other: &'a Self) -> BTreeSet<&'a Subject> {
        let keys = self.0.keys().chain(other.0.keys());
        keys.filter(|key| self.0.get(key) != other.0.get(key))
            .map(|(who, _)| who)
            .collect()
    }

    fn of(&self, subjects: &BTreeSet<&Subject>) -> Self {
        let rows = self.0.iter().filter(|((who, _), _)| subjects.contains(who));
        Self(
            rows.map(|(key, grants)| (key.clone(), grants.clone()))
                .collect(),
        )
    }

    /// A sentence for each resource on which this differs from what is expected.
    #[must_use]
    pub fn differences(&self, expected: &Self) -> Vec<String> {
        let subjects = self.unlike(expected);
        let (seen, expected) = (self.of(&subjects), expected.of(&subjects));
        let (seen, expected) = (seen.reduced(), expected.reduced());
        let rows: BTreeSet<_> = seen.0.keys().chain(expected.0.keys()).cloned().collect();
        let mut found = Vec::new();
        for (who, place) in rows {
            let (is, should) = (seen.grants(&who, &place), expected.grants(&who, &place));
            for (what, verbs) in by_resource(is.difference(&should)) {
                found.push(format!(
                    "{who} in {place}: may {verbs} {what}, which access.yaml does not say"
                ));
            }
            for (what, verbs) in by_resource(should.difference(&is)) {
                found.push(format!(
                    "{who} in {place}: may not {verbs} {what}, which access.yaml says they may"
                ));
            }
        }
        found
    }
}

/// The verbs of each resource and object, as text.
pub(super) fn by_resource<'a>(grants: impl Iterator<Item = &'a Grant>) -> BTreeMap<String, String> {
    let mut verbs: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for grant in grants {
        let what = match &grant.object {
            Some(object) => format!("{} {object}", grant.resource),
            None => grant.resource.to_string(),
        };
        verbs.entry(what).or_default().push(&grant.verb);
    }
    verbs
        .into_iter()
        .map(|(what, mut verbs)| {
            verbs.sort_by_key(|verb| (rank(verb), *verb));
            (what, verbs.join(" "))
        })
        .collect()
}

/// Reading before writing, as people list them.
fn rank(verb: &str) -> usize {
    const USUAL: [&str; 7] = [
        "get", "list", "watch", "create", "update", "patch", "delete",
    ];
    USUAL
        .iter()
        .position(|usual| *usual == verb)
        .unwrap_or(USUAL.len())
}

impl Grant {
    /// Whether this is enough for a request, by the rules of the RBAC authorizer.
    #[must_use]
    pub fn covers(&self, request: &Request) -> bool {
        let Resource::Object { group, name } = &self.resource else {
            return false;
        };
        let all = |pattern: &str, value: &str| pattern == "*" || pattern == value;
        // `*/scale` is for every resource's `scale`; `pods/*` is no pattern.
        let sub_resource = request
            .resource
            .split_once('/')
            .is_some_and(|(_, sub)| name.strip_prefix("*/") == Some(sub));
        let object = self
            .object
            .as_deref()
            .is_none_or(|object| request.object == Some(object));
        all(group, request.group)
            && (all(name, request.resource) || sub_resource)
            && all(&self.verb, request.verb)
            && object
    }
}

impl Subject {
    /// Reads `group NAME` or `account NAMESPACE/NAME`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, name) = text.split_once(' ')?;
        match kind {
            "group" => Some(Self::Group(name.to_owned())),
            "account" => {
                let (namespace, name) = name.split_once('/')?;
                Some(Self::account(namespace, name))
            }
            _ => None,
        }
    }

    /// The `ServiceAccount` of a namespace.
    #[must_use]
    pub fn account(namespace: &str, name: &str) -> Self {
        Self::Account {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// What somebody is called who comes as this subject.
    #[must_use]
    pub fn user_name(&self) -> String {
        match self {
            Self::Group(group) => format!("somebody-of-{group}"),
            Self::Account { namespace, name } => {
                format!("system:serviceaccount:{namespace}:{name}")
            }
            Self::User(name) => name.clone(),
        }
    }

    /// The groups that somebody is in who comes as this subject.
    #[must_use]
    pub fn groups(&self) -> Vec<String> {
        let mut groups = vec!["system:authenticated".to_owned()];
        match self {
            Self::Group(group) => groups.push(group.clone()),
            Self::Account { namespace, .. } => {
                groups.push("system:serviceaccounts".to_owned());
                groups.push(format!("system:serviceaccounts:{namespace}"));
            }
            Self::User(_) => {}
        }
        groups
    }
}

impl Resource {
    /// Reads `deployments.apps/scale`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (resource, sub) = match text.split_once('/') {
            Some((resource, sub)) => (resource, Some(sub)),
            None => (text, None),
        };
        let (name, group) = resource.split_once('.').unwrap_or((resource, ""));
        Self::Object {
            group: group.to_owned(),
            name: match sub {
                Some(sub) => format!("{name}/{sub}"),
                None => name.to_owned(),
            },
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(name) => write!(f, "group {name}"),
            Self::Account { namespace, name } => write!(f, "account {namespace}/{name}"),
            Self::User(name) => write!(f, "user {name}"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster => f.write_str("the whole cluster"),
            Self::Namespace(name) => f.write_str(name),
        }
    }
}

/// As `access.yaml` writes it.
impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(path) => write!(f, "the path {path}"),
            Self::Object { group, name } => {
                let (resource, sub) = match name.split_once('/') {
                    Some((resource, sub)) => (resource, format!("/{sub}")),
                    None => (name.as_str(), String::new()),
                };
                let dot = if group.is_empty() { "" } else { "." };
                write!(f, "{resource}{dot}{group}{sub}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(resource: &str, object: Option<&str>, verb: &str) -> Grant {
        Grant {
            resource: Resource::parse(resource),
            object: object.map(str::to_owned),
            verb: verb.to_owned(),
        }
    }

    fn request<'a>(resource: &'a str, object: Option<&'a str>, verb: &'a str) -> Request<'a> {
        Request {
            namespace: Some("invoice"),
            group: "",
            resource,
            object,
            verb,
        }
    }

    #[test]
    fn a_grant_covers_its_own_verb_on_its_own_resource_alone() {
        let get_pods = grant("pods", None, "get");
        assert!(get_pods.covers(&request("pods", None, "get")));
        assert!(get_pods.covers(&request("pods", Some("any"), "get")));
        assert!(!get_pods.covers(&request("pods", None, "list")));
        assert!(!get_pods.covers(&request("pods/log", None, "get")));
        assert!(!grant("pods.metrics.k8s.io", None, "get").covers(&request("pods", None, "get")));
    }

    #[test]
    fn a_star_covers_every_resource_sub_resources_too() {
        let all = Grant {
            resource: Resource::Object {
                group: "*".to_owned(),
                name: "*".to_owned(),
            },
            object: None,
            verb: "*".to_owned(),
        };
        assert!(all.covers(&request("pods/exec", Some("any"), "create")));
    }

    #[test]
    fn a_star_before_a_sub_resource_covers_that_one_of_all_and_one_behind_is_no_pattern() {
        assert!(grant("*/log", None, "get").covers(&request("pods/log", None, "get")));
        assert!(!grant("*/log", None, "get").covers(&request("pods/exec", None, "get")));
        assert!(!grant("pods/*", None, "get").covers(&request("pods/log", None, "get")));
    }

    #[test]
    fn a_grant_for_one_object_covers_no_other_and_no_request_without_a_name() {
        let one = grant("secrets", Some("mine"), "get");
        assert!(one.covers(&request("secrets", Some("mine"), "get")));
        assert!(!one.covers(&request("secrets", Some("other"), "get")));
        assert!(!one.covers(&request("secrets", None, "get")));
    }

    #[test]
    fn a_right_in_the_whole_cluster_is_one_in_each_namespace_and_not_the_other_way_round() {
        let who = Subject::Group("platform".to_owned());
        let mut matrix = Matrix::default();
        matrix.allow(&who, &Place::Cluster, [grant("pods", None, "get")]);
        let here = Place::Namespace("invoice".to_owned());
        matrix.allow(&who, &here, [grant("secrets", None, "get")]);
        assert!(matrix.allows(&who, &request("pods", None, "get")));
        let everywhere = |resource| Request {
            namespace: None,
            ..request(resource, None, "get")
        };
        assert!(matrix.allows(&who, &everywhere("pods")));
        assert!(matrix.allows(&who, &request("secrets", None, "get")));
        assert!(!matrix.allows(&who, &everywhere("secrets")));
        assert!(!matrix.allows(&Subject::Group("other".to_owned()), &everywhere("pods")));
    }

    #[test]
    fn what_is_said_twice_is_no_difference_and_what_is_more_is_one() {
        let who = Subject::Group("platform".to_owned());
        let here = Place::Namespace("invoice".to_owned());
        let mut once = Matrix::default();
        once.allow(&who, &Place::Cluster, [grant("pods", None, "get")]);
        let mut twice = once.clone();
        twice.allow(
            &who,
            &here,
            [
                grant("pods", None, "get"),
                grant("pods", Some("one"), "get"),
            ],
        );
        assert_eq!(twice.differences(&once), Vec::<String>::new());
        twice.allow(&who, &here, [grant("pods/exec", None, "create")]);
        assert_eq!(
            twice.differences(&once),
            ["group platform in invoice: may create pods/exec, which access.yaml does not say"]
        );
        assert_eq!(
            once.differences(&twice),
            [
                "group platform in invoice: may not create pods/exec, which access.yaml says they may"
            ]
        );
    }

    #[test]
    fn a_resource_is_written_as_it_is_read() {
        for text in [
            "pods",
            "pods/log",
            "deployments.apps/scale",
            "ingresses.networking.k8s.io",
        ] {
            assert_eq!(Resource::parse(text).to_string(), text);
        }
    }
}
