//! Which folder of the deployment branch each Application reads, and where it takes it: a project can restrict
//! neither folders nor who fills them in.

use manifests::Document;
use serde_json::{Value, json};

use super::{ARGO_CD, CLUSTER, PLATFORM};
use crate::rendered::Rendered;

/// The app of apps: its place is that of all others.
const ROOT: &str = "invoice-platform";
/// The platform's own, and the folder of the environment that each reads.
const OF_THE_PLATFORM: [(&str, &str); 3] = [
    (ROOT, "argocd"),
    ("platform-cluster", "cluster"),
    ("platform-tenants", "tenants"),
];
/// The programs of each team, which are also their folders: one more is a decision, to be made here too.
const OF_TEAMS: [(&str, &[&str]); 3] = [
    ("invoice", &["invoice-app"]),
    ("operations", &[]),
    ("payments", &["payment-provider"]),
];

/// The repository, its branch, and the environment in it.
struct Place<'a> {
    repository: &'a str,
    branch: &'a str,
    environment: &'a str,
}

/// What Applications bring otherwise than they should, a sentence each.
pub(super) fn differences(rendered: &Rendered) -> Vec<String> {
    let root = rendered
        .of_kind("Application")
        .find(|one| one.name() == ROOT);
    let Some(place) = root.and_then(Place::of) else {
        return vec![format!(
            "no Application {ROOT} is rendered that reads clusters/<environment>/argocd"
        )];
    };
    let mut found = Vec::new();
    for (name, folder) in OF_THE_PLATFORM {
        let path = format!("clusters/{}/{folder}", place.environment);
        let wanted = place.application(PLATFORM, ARGO_CD, &path);
        found.extend(difference(rendered, "Application", name, &wanted));
    }
    for (team, programs) in OF_TEAMS {
        let wanted = place.set(team, programs);
        found.extend(difference(rendered, "ApplicationSet", team, &wanted));
    }
    found.extend(unknown(rendered, "Application", &OF_THE_PLATFORM));
    found.extend(unknown(rendered, "ApplicationSet", &OF_TEAMS));
    let projects = rendered.of_kind("AppProject");
    let elsewhere =
        projects.filter(|project| project.list("/spec/sourceRepos") != [json!(place.repository)]);
    found.extend(elsewhere.map(|project| {
        format!("{project} reads other repositories than the one of the deployment")
    }));
    found
}

impl<'a> Place<'a> {
    fn of(root: &'a Document) -> Option<Self> {
        let path = root.text("/spec/source/path")?;
        let environment = path.strip_prefix("clusters/")?.strip_suffix("/argocd")?;
        (!environment.contains('/')).then_some(())?;
        Some(Self {
            repository: root.text("/spec/source/repoURL")?,
            branch: root.text("/spec/source/targetRevision")?,
            environment,
        })
    }

    /// How often a sync is tried again is left out.
    fn application(&self, project: &str, namespace: &str, path: &str) -> Value {
        json!({
            "project": project,
            "source": {"repoURL": self.repository, "targetRevision": self.branch, "path": path},
            "destination": {"server": CLUSTER, "namespace": namespace},
            "syncPolicy": {
                "automated": {"prune": true, "selfHeal": true},
                "syncOptions": ["ServerSideApply=true", "FailOnSharedResource=true", "PruneLast=true"],
            },
        })
    }

    /// One Application for each program of the team, in this environment.
    fn set(&self, team: &str, programs: &[&str]) -> Value {
        let programs: Vec<_> = programs.iter().map(|app| json!({"app": app})).collect();
        let environments = [json!({"environment": self.environment})];
        json!({
            "goTemplate": true,
            "goTemplateOptions": ["missingkey=error"],
            "generators": [{"matrix": {"generators": [
                {"list": {"elements": programs}},
                {"list": {"elements": environments}},
            ]}}],
            "preservedFields": {"annotations": [
                "argocd.argoproj.io/skip-reconcile", "invoice-platform.example/acceptance",
            ]},
            "syncPolicy": {"preserveResourcesOnDeletion": true},
            "template": {
                "metadata": {
                    "name": "{{.app}}-{{.environment}}",
                    "labels": {
                        "app.kubernetes.io/part-of": "invoice-platform",
                        "invoice-platform.example/environment": "{{.environment}}",
                    },
                },
                "spec": self.application(team, team, "clusters/{{.environment}}/{{.app}}"),
            },
        })
    }
}

fn difference(rendered: &Rendered, kind: &str, name: &str, wanted: &Value) -> Option<String> {
    let Some(found) = rendered.of_kind(kind).find(|one| one.name() == name) else {
        return Some(format!("no {kind} {name} is rendered"));
    };
    if found.namespace() != Some(ARGO_CD) {
        return Some(format!("{found} is not in {ARGO_CD}"));
    }
    let mut seen = found.at("/spec").cloned().unwrap_or_default();
    for policy in ["/syncPolicy", "/template/spec/syncPolicy"] {
        if let Some(fields) = seen.pointer_mut(policy).and_then(Value::as_object_mut) {
            fields.remove("retry");
        }
    }
    let (place, is, should) = unlike(&seen, wanted)?;
    Some(format!("{found}: /spec{place} is {is}, not {should}"))
}

/// The first place where two values differ, and what is there in each.
fn unlike(seen: &Value, wanted: &Value) -> Option<(String, Value, Value)> {
    if seen == wanted {
        return None;
    }
    let within = match (seen, wanted) {
        (Value::Object(seen), Value::Object(wanted)) => {
            let mut fields = wanted.keys().chain(seen.keys());
            let of = |map: &serde_json::Map<_, Value>, field| map.get(field).cloned();
            fields.find_map(|field| {
                let (seen, wanted) = (of(seen, field), of(wanted, field));
                let (seen, wanted) = (seen.unwrap_or_default(), wanted.unwrap_or_default());
                let (place, is, should) = unlike(&seen, &wanted)?;
                Some((format!("/{field}{place}"), is, should))
            })
        }
        _ => None,
    };
    Some(within.unwrap_or_else(|| (String::new(), seen.clone(), wanted.clone())))
}

fn unknown<T>(rendered: &Rendered, kind: &str, known: &[(&str, T)]) -> Vec<String> {
    let is_known = |one: &&Document| known.iter().any(|(name, _)| *name == one.name());
    let more = rendered
        .documents()
        .iter()
        .filter(|one| one.kind() == kind)
        .filter(|one| !is_known(one));
    more.map(|one| format!("{one} is nobody's")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::unlike;

    #[test]
    fn what_differs_is_said_with_its_place() {
        let wanted = json!({"a": {"b": [1], "c": 2}});
        assert_eq!(unlike(&wanted, &wanted.clone()), None);
        let place = |seen| unlike(&seen, &wanted).map(|(place, ..)| place);
        assert_eq!(place(json!({"a": {"b": [1], "c": 3}})).unwrap(), "/a/c");
        assert_eq!(place(json!({"a": {"b": [2], "c": 2}})).unwrap(), "/a/b");
        assert_eq!(place(json!({"a": {"b": [1]}})).unwrap(), "/a/c");
        let more = json!({"a": {"b": [1], "c": 2, "d": 3}});
        assert_eq!(place(more).unwrap(), "/a/d");
        // What is written as nothing is not the same as what is not written.
        let nothing = json!({"a": {"b": [1], "c": 2}, "d": null});
        assert_eq!(place(nothing).unwrap(), "");
    }
}
