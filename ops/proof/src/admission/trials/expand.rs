//! From a case to its requests: each kind, each place of a container, each operation, each namespace.

use serde_json::{Value, json};

use super::case::{Base, Case, ContainerPlace};
use super::scope::Scope;
use super::{PREFIX, Refusal, Trial, TrialsError};
use crate::admission::kind::{WITH_PODS, around};
use crate::admission::{Operation, Request};

/// One object of a case beside the good one that it was made from.
struct Pair {
    what: String,
    good: Value,
    changed: Value,
    /// Whether it can only be written through this sub-resource.
    subresource: Option<&'static str>,
}

/// The requests that a case stands for.
pub(super) fn trials(case: &Case, scope: &Scope) -> Result<Vec<Trial>, TrialsError> {
    let pairs = match case.written.base {
        Base::Pod => pods(case)?,
        _ => vec![Pair {
            what: case.good["kind"].as_str().unwrap_or_default().to_owned(),
            changed: changed(&case.good, case.written.change.as_ref()),
            good: changed(&case.good, case.written.before.as_ref()),
            subresource: None,
        }],
    };
    let mut trials = Vec::new();
    for (number, namespace) in namespaces(case, scope).iter().enumerate() {
        // Which kinds and operations a policy is for does not depend on the namespace: one in full, a
        // glance at the rest.
        let glance = number > 0;
        for pair in &pairs[..if glance { 1 } else { pairs.len() }] {
            let operations = &case.written.operations;
            for operation in &operations[..if glance { 1 } else { operations.len() }] {
                trials.extend(trial(case, scope, pair, *operation, namespace));
            }
        }
    }
    Ok(trials)
}

/// Where the case is tried: first where its answer is the one of its folder.
fn namespaces(case: &Case, scope: &Scope) -> Vec<String> {
    let Some(policy) = &case.written.policy else {
        let all = scope.judged();
        return case.written.namespaces.clone().unwrap_or(all);
    };
    let mut namespaces = scope.of(policy);
    let elsewhere = scope.all().into_iter();
    namespaces.extend(
        elsewhere
            .filter(|namespace| !scope.of(policy).contains(namespace))
            .collect::<Vec<_>>(),
    );
    namespaces
}

fn trial(
    case: &Case,
    scope: &Scope,
    pair: &Pair,
    operation: Operation,
    namespace: &str,
) -> Option<Trial> {
    let there = |object: &Value| {
        let mut object = object.clone();
        object["metadata"]["namespace"] = json!(namespace);
        if object["metadata"]["name"].is_null() {
            object["metadata"]["name"] = json!("admission-case");
        }
        object
    };
    let object = there(&pair.changed);
    let mut request = match (operation, pair.subresource) {
        // Neither can what was there before be made, nor is it looked into.
        (Operation::Create, None) | (Operation::Update, Some(_)) if case.written.already => {
            return None;
        }
        (Operation::Create, None) => Request::create(object),
        (Operation::Update, None) if case.written.already => Request::update(
            object.clone(),
            changed(
                &object,
                Some(&json!({"metadata": {"annotations": {"touched": "yes"}}})),
            ),
        ),
        (Operation::Update, None) => {
            let mut before = there(&pair.good);
            before["metadata"]["name"] = object["metadata"]["name"].clone();
            Request::update(before, object)
        }
        (Operation::Delete, None) => Request::delete(object),
        (Operation::Update, Some(subresource)) => {
            Request::update(there(&pair.good), object).on(subresource)
        }
        (_, Some(_)) => return None,
    };
    if let Some(user) = &case.written.user {
        request = request.by(&user.replace("NAMESPACE", namespace));
    }
    let holds = |policy: &&String| scope.of(policy).iter().any(|name| name == namespace);
    let refusal = case.written.policy.as_ref().filter(holds);
    Some(Trial {
        case: case.name.clone(),
        what: format!("{} {} in {namespace}", operation.name(), pair.what),
        request,
        refusal: refusal.map(|policy| Refusal {
            policy: format!("{PREFIX}{policy}"),
            says: case.written.says.clone(),
        }),
    })
}

/// The pod of the case in every kind and in every place of a container.
fn pods(case: &Case) -> Result<Vec<Pair>, TrialsError> {
    let mut pairs = Vec::new();
    let kinds = WITH_PODS
        .into_iter()
        // First a workload, which no other part of the API server judges.
        .cycle()
        .skip(1)
        .take(WITH_PODS.len())
        .filter(|(_, kind)| !case.written.not_as.iter().any(|name| name == kind));
    for (api_version, kind) in kinds {
        let before = changed(&case.good, case.written.before.as_ref());
        let good = around(api_version, kind, &before);
        let Some(container) = &case.written.container else {
            let pod = finished(case, changed(&case.good, case.written.change.as_ref()));
            pairs.push(Pair {
                what: kind.to_owned(),
                good,
                changed: around(api_version, kind, &pod),
                subresource: None,
            });
            continue;
        };
        for place in &case.written.places {
            let pod = changed(&case.good, case.written.change.as_ref());
            let subresource = subresource(*place);
            if subresource.is_some() && kind != "Pod" {
                continue;
            }
            let pod = finished(case, with_container(case, pod, container, *place)?);
            pairs.push(Pair {
                what: format!("{kind} ({place:?})"),
                good: good.clone(),
                changed: around(api_version, kind, &pod),
                subresource,
            });
        }
    }
    Ok(pairs)
}

/// By which a container of a pod that runs is written there; no template has it.
fn subresource(place: ContainerPlace) -> Option<&'static str> {
    match place {
        ContainerPlace::Containers | ContainerPlace::InitContainers => None,
        ContainerPlace::EphemeralContainers => Some("ephemeralcontainers"),
        ContainerPlace::Resized => Some("resize"),
    }
}

/// Adds a container beside the good one, so that one bad among good ones is enough. None is added to a pod that
/// is resized.
fn with_container(
    case: &Case,
    mut pod: Value,
    change: &Value,
    place: ContainerPlace,
) -> Result<Value, TrialsError> {
    let malformed = || TrialsError::Malformed {
        path: case.path.clone(),
        reason: "its base has no container".to_owned(),
    };
    let mut container = pod
        .pointer("/spec/containers/0")
        .cloned()
        .ok_or_else(malformed)?;
    if place == ContainerPlace::Resized {
        merge(&mut container, change);
        pod["spec"]["containers"][0] = container;
        return Ok(pod);
    }
    container["name"] = json!("second");
    let list = match place {
        ContainerPlace::Containers | ContainerPlace::Resized => "containers",
        ContainerPlace::InitContainers => "initContainers",
        ContainerPlace::EphemeralContainers => {
            // It cannot have any.
            merge(&mut container, &json!({"resources": null}));
            "ephemeralContainers"
        }
    };
    merge(&mut container, change);
    let spec = pod["spec"].as_object_mut().ok_or_else(malformed)?;
    let listed = spec.entry(list).or_insert_with(|| json!([]));
    listed.as_array_mut().ok_or_else(malformed)?.push(container);
    Ok(pod)
}

fn finished(case: &Case, mut pod: Value) -> Value {
    let Some(change) = &case.written.every_container else {
        return pod;
    };
    let containers = pod["spec"]["containers"].as_array_mut();
    for container in containers.into_iter().flatten() {
        merge(container, change);
    }
    pod
}

fn changed(object: &Value, change: Option<&Value>) -> Value {
    let mut object = object.clone();
    if let Some(change) = change {
        merge(&mut object, change);
    }
    object
}

/// JSON Merge Patch, RFC 7386.
fn merge(object: &mut Value, change: &Value) {
    let Value::Object(fields) = change else {
        *object = change.clone();
        return;
    };
    if !object.is_object() {
        *object = json!({});
    }
    let Some(own) = object.as_object_mut() else {
        return;
    };
    for (name, value) in fields {
        if value.is_null() {
            own.remove(name);
        } else {
            merge(own.entry(name).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_patch_changes_adds_and_takes_away() {
        let mut object = json!({"a": {"b": 1, "c": 2}, "d": [1]});
        merge(
            &mut object,
            &json!({"a": {"b": null, "e": {"f": 3}}, "d": [2]}),
        );
        assert_eq!(object, json!({"a": {"c": 2, "e": {"f": 3}}, "d": [2]}));
    }
}
