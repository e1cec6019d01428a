use manifests::{Document, parse};

use crate::rendered::Rendered;

use super::change::{Change, Changes};
use super::{admission, applications, network, projects, rights, tenants};

/// What a mutant is a mutant of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Network policies.
    Network,
    /// Roles and bindings.
    Rights,
    /// Admission policies and bindings.
    Admission,
    /// Namespaces, quotas and limits.
    Tenants,
    /// Argo CD's projects, Applications and sets of them.
    Projects,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Network,
        Self::Rights,
        Self::Admission,
        Self::Tenants,
        Self::Projects,
    ];
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Network => "network policies",
            Self::Rights => "roles and bindings",
            Self::Admission => "admission",
            Self::Tenants => "namespaces and quotas",
            Self::Projects => "projects",
        })
    }
}

/// The manifests with one thing changed.
#[derive(Debug, Clone)]
pub struct Mutant {
    /// The object and what was done to it.
    pub name: String,
    /// What it is a mutant of.
    pub kind: Kind,
    /// The position of the object that is changed; none for one that is added.
    position: Option<usize>,
    /// None is an object that is taken away.
    document: Option<Document>,
}

impl Mutant {
    /// What is to be said of the manifests with the change, which is taken back afterwards: a copy of them all for
    /// each mutant would be most of the work.
    pub fn within<T>(&self, rendered: &mut Rendered, judge: impl FnOnce(&Rendered) -> T) -> T {
        let original = self
            .position
            .map(|position| rendered.documents_mut().remove(position));
        let place = self.position.unwrap_or(rendered.documents().len());
        if let Some(document) = &self.document {
            rendered.documents_mut().insert(place, document.clone());
        }
        let judged = judge(rendered);
        if self.document.is_some() {
            rendered.documents_mut().remove(place);
        }
        if let Some(original) = original {
            rendered.documents_mut().insert(place, original);
        }
        judged
    }
}

/// Every mutant of these manifests.
#[must_use]
pub fn mutants(rendered: &Rendered) -> Vec<Mutant> {
    let documents = rendered.documents();
    let changed = documents
        .iter()
        .enumerate()
        .flat_map(|(position, document)| {
            let (kind, changes) = changes(document, documents);
            changes.into_iter().map(move |change| Mutant {
                name: format!("{document}: {}", change.what),
                kind,
                position: Some(position),
                document: change.document,
            })
        });
    changed.chain(added()).collect()
}

fn changes(document: &Document, all: &[Document]) -> (Kind, Vec<Change>) {
    let mut changes = Changes::of(document);
    let kind = match document.kind() {
        "NetworkPolicy" => {
            network::change(&mut changes);
            Kind::Network
        }
        "Role" | "ClusterRole" => {
            rights::role(&mut changes);
            Kind::Rights
        }
        "RoleBinding" | "ClusterRoleBinding" => {
            rights::binding(&mut changes, &roles_beside(document, all));
            Kind::Rights
        }
        "ValidatingAdmissionPolicy" => {
            admission::policy(&mut changes);
            Kind::Admission
        }
        "ValidatingAdmissionPolicyBinding" => {
            admission::binding(&mut changes);
            Kind::Admission
        }
        "Namespace" => {
            tenants::namespace(&mut changes);
            Kind::Tenants
        }
        "ResourceQuota" => {
            tenants::quota(&mut changes);
            Kind::Tenants
        }
        "LimitRange" => {
            tenants::limits(&mut changes);
            Kind::Tenants
        }
        "AppProject" => {
            projects::project(&mut changes);
            Kind::Projects
        }
        "Application" => {
            applications::application(&mut changes);
            Kind::Projects
        }
        "ApplicationSet" => {
            applications::application_set(&mut changes);
            Kind::Projects
        }
        _ => Kind::Network,
    };
    (kind, changes.into_vec())
}

fn roles_beside<'a>(binding: &Document, all: &'a [Document]) -> Vec<&'a str> {
    let kind = binding.text("/roleRef/kind").unwrap_or_default();
    let beside = all
        .iter()
        .filter(|role| role.kind() == kind && role.namespace() == binding.namespace());
    beside.map(Document::name).collect()
}

/// Objects that nobody meant to be there.
fn added() -> Vec<Mutant> {
    let mut all = Vec::new();
    for namespace in ["invoice", "payments", "operations"] {
        let policy = |name: &str, spec: &str| {
            let head = "apiVersion: networking.k8s.io/v1, kind: NetworkPolicy";
            format!("{{{head}, metadata: {{name: {name}, namespace: {namespace}}}, spec: {spec}}}")
        };
        let everything_in = policy("all-in", "{podSelector: {}, ingress: [{}]}");
        let everything_out = policy(
            "all-out",
            "{podSelector: {}, policyTypes: [Egress], egress: [{}]}",
        );
        let binding = format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, \
              metadata: {{name: more, namespace: {namespace}}}, \
              roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}}, \
              subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: Group, name: team-{namespace}}}]}}"
        );
        let somebody_out = policy(
            "somebody-out",
            "{podSelector: {matchLabels: {role: debug}}, policyTypes: [Egress], egress: [{}]}",
        );
        let to_another = policy(
            "to-another",
            "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: \
             {matchLabels: {kubernetes.io/metadata.name: another}}}], ports: [{port: 443}]}]}",
        );
        all.push((Kind::Network, somebody_out));
        all.push((Kind::Network, to_another));
        all.push((Kind::Network, everything_in));
        all.push((Kind::Network, everything_out));
        all.push((Kind::Rights, binding));
    }
    let everybody = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: more}, \
         roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}, \
         subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: 'system:authenticated'}]}";
    all.push((Kind::Rights, everybody.to_owned()));
    for kind in ["AppProject", "Application", "ApplicationSet"] {
        let head = "apiVersion: argoproj.io/v1alpha1";
        let text = format!(
            "{{{head}, kind: {kind}, metadata: {{name: more, namespace: argocd}}, spec: {{}}}}"
        );
        all.push((Kind::Projects, text));
    }
    let mutants = all.into_iter().flat_map(|(kind, text)| {
        // Written above, and covered by the test below.
        let documents = parse(&text).unwrap_or_default().into_iter();
        documents.map(move |document| Mutant {
            name: format!("{document}: added"),
            kind,
            position: None,
            document: Some(document),
        })
    });
    mutants.collect()
}

#[cfg(test)]
mod tests {
    use super::added;

    #[test]
    fn every_object_that_is_added_is_one() {
        assert_eq!(added().len(), 19);
    }
}
