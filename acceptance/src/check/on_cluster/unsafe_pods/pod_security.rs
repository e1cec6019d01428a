//! Pod Security in the teams' namespaces. The policies know the same rules and would refuse the same pods, so
//! only a look of its own shows that it is there.

use std::collections::BTreeMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use proof::admission::{Operation, Request, Trial, Trials};
use proof::rendered::Rendered;
use proof::tenants;
use serde_json::{Value, json};

use super::{AT_ONCE, ClusterWorld, TEAMS, rendered, there};
use crate::cluster::dry_run::Answer;
use crate::failure::{Failure, ensure};

const LABELS: &str = "pod-security.kubernetes.io/";

/// How many pods it refused.
pub(super) async fn holds(world: &ClusterWorld, trials: &Trials) -> Result<usize, Failure> {
    let rendered = rendered::folder("tenants")?;
    let mut refused = 0;
    for team in TEAMS {
        let words = refusal(&labels_of(world, team, &rendered).await?);
        let pods = trials.all().iter().filter(|trial| is_of_a_bad_pod(trial));
        let asked = pods.map(|trial| there(&trial.request, team));
        let answers = stream::iter(asked)
            .map(async |request| world.cluster.would(&request).await)
            .buffer_unordered(AT_ONCE);
        let answers: Vec<Answer> = answers.try_collect().await?;
        let by_it = answers.iter().filter(|answer| says(answer, &words)).count();
        ensure(by_it > 0, || {
            format!(
                "none of {} pods in {team} was refused with the words `{words}`: Pod Security does not hold there",
                answers.len()
            )
        })?;
        refused += by_it;
    }
    Ok(refused)
}

/// What Pod Security goes by, once it is seen to be what it should be.
async fn labels_of(
    world: &ClusterWorld,
    team: &str,
    rendered: &Rendered,
) -> Result<BTreeMap<String, String>, Failure> {
    let address = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": team}});
    let mut held = world.cluster.object(&Request::create(address)).await?;
    held["apiVersion"] = json!("v1");
    held["kind"] = json!("Namespace");
    let lacks = lacks(&held, rendered)?;
    ensure(lacks.is_empty(), || lacks.join("; "))?;
    Ok(labels(&held))
}

/// What a Namespace lacks of what a team's has to have, and of what was rendered for it.
fn lacks(held: &Value, rendered: &Rendered) -> Result<Vec<String>, Failure> {
    let held = Rendered::of_text("local", &held.to_string());
    let held = held.map_err(|error| Failure::wrong(error.to_string()))?;
    let mut found = Vec::new();
    for namespace in held.of_kind("Namespace") {
        found.extend(tenants::pod_security(namespace));
        let mut rendered = rendered.of_kind("Namespace");
        let wanted = rendered.find(|one| one.name() == namespace.name());
        let wanted = wanted.map(|one| labels(one.value())).unwrap_or_default();
        if labels(namespace.value()) != wanted {
            found.push(format!(
                "{namespace} has other labels of Pod Security than were rendered"
            ));
        }
    }
    Ok(found)
}

fn labels(namespace: &Value) -> BTreeMap<String, String> {
    let labels = namespace["metadata"]["labels"].as_object();
    let of_pod_security = labels.into_iter().flatten().filter_map(|(name, value)| {
        let name = name.strip_prefix(LABELS)?;
        Some((name.to_owned(), value.as_str()?.to_owned()))
    });
    of_pod_security.collect()
}

/// What it says of a pod that these labels refuse.
fn refusal(labels: &BTreeMap<String, String>) -> String {
    let label = |name: &str| labels.get(name).map_or("", String::as_str);
    let (level, version) = (label("enforce"), label("enforce-version"));
    format!("violates PodSecurity \"{level}:{version}\"")
}

fn is_of_a_bad_pod(trial: &Trial) -> bool {
    let Trial {
        request, refusal, ..
    } = trial;
    let restricted =
        |refusal: &proof::admission::Refusal| refusal.policy == "invoice-platform-restricted";
    refusal.as_ref().is_some_and(restricted)
        && request.kind.kind == "Pod"
        && request.operation == Operation::Create
        && request.namespace.as_deref() == Some(TEAMS[0])
}

fn says(answer: &Answer, words: &str) -> bool {
    matches!(answer, Answer::Refused(said) if said.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn namespace(change: &[(&str, Option<&str>)]) -> Value {
        let mut labels = serde_json::Map::new();
        for mode in ["enforce", "warn", "audit"] {
            labels.insert(format!("{LABELS}{mode}"), json!("restricted"));
            labels.insert(format!("{LABELS}{mode}-version"), json!("v1.34"));
        }
        for (name, value) in change {
            match value {
                Some(value) => labels.insert(format!("{LABELS}{name}"), json!(value)),
                None => labels.remove(&format!("{LABELS}{name}")),
            };
        }
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "invoice", "labels": labels}})
    }

    fn lacking(held: &Value) -> Vec<String> {
        let rendered = Rendered::of_text("local", &namespace(&[]).to_string()).unwrap();
        lacks(held, &rendered).unwrap()
    }

    #[test]
    fn a_namespace_as_it_was_rendered_lacks_nothing_and_each_label_taken_away_is_missed() {
        assert!(lacking(&namespace(&[])).is_empty());
        for label in labels(&namespace(&[])).keys() {
            let held = namespace(&[(label, None)]);
            assert_eq!(lacking(&held).len(), 2, "{label}");
        }
    }

    #[test]
    fn another_level_an_older_version_and_one_that_was_not_rendered_are_missed() {
        assert_eq!(
            lacking(&namespace(&[("enforce", Some("baseline"))])).len(),
            2
        );
        assert_eq!(
            lacking(&namespace(&[("enforce-version", Some("v1.33"))])).len(),
            2
        );
        assert_eq!(
            lacking(&namespace(&[("enforce-version", Some("v1.35"))])).len(),
            1
        );
    }

    #[test]
    fn a_refusal_counts_only_in_the_words_of_pod_security_at_this_version() {
        let words = refusal(&labels(&namespace(&[])));
        assert_eq!(words, "violates PodSecurity \"restricted:v1.34\"");
        let by_it = format!("pods \"p\" is forbidden: {words}: hostPort");
        assert!(says(&Answer::Refused(by_it.clone()), &words));
        let by_policy = "ValidatingAdmissionPolicy 'invoice-platform-restricted' denied request";
        assert!(!says(&Answer::Refused(by_policy.to_owned()), &words));
        assert!(!says(&Answer::Refused(by_it.replace("34", "33")), &words));
        assert!(!says(&Answer::Admitted, &words));
    }
}
