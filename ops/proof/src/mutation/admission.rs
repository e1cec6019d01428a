use serde_json::{Value, json};

use super::change::Changes;

/// One operator taken for another.
const SLIPS: [(&str, &str); 8] = [
    (" && ", " || "),
    (" || ", " && "),
    (".all(", ".exists("),
    (".exists(", ".all("),
    (" == ", " != "),
    (" != ", " == "),
    ("orValue(false)", "orValue(true)"),
    ("orValue(true)", "orValue(false)"),
];

/// Conditions that except somebody or something whom no request knows.
const EXCEPTIONS: [(&str, &str); 3] = [
    ("a name", "request.name != 'excepted'"),
    (
        "a label",
        "request.operation == 'DELETE' || !('excepted' in dyn(object).metadata.?labels.orValue({}))",
    ),
    ("a user", "request.userInfo.username != 'excepted'"),
];

/// What is allowed by a list that holds the first would be allowed too.
const WIDER: [(&str, &[&str]); 2] = [
    ("'emptyDir'", &OTHER_VOLUMES),
    ("'container_t'", &["spc_t", "unconfined_t"]),
];

/// Every kind of volume that the API knows beside those that may be mounted.
const OTHER_VOLUMES: [&str; 22] = [
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "csi",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "gitRepo",
    "glusterfs",
    "hostPath",
    "iscsi",
    "nfs",
    "photonPersistentDisk",
    "portworxVolume",
    "quobyte",
    "rbd",
    "scaleIO",
    "storageos",
    "vsphereVolume",
];

/// What may go wrong with an admission policy.
pub(super) fn policy(changes: &mut Changes<'_>) {
    changes.taken_away();
    changes.field_written("/spec", "failurePolicy", &json!("Ignore"));
    for list in ["/spec/validations", "/spec/matchConditions"] {
        changes.each_taken_out(list);
        for index in 0..changes.original().list(list).len() {
            expression(changes, &format!("{list}/{index}/expression"));
        }
    }
    for index in 0..changes.original().list("/spec/variables").len() {
        let expression = format!("/spec/variables/{index}/expression");
        slips(changes, &expression);
        constants(changes, &expression);
    }
    changes.edited("for nobody", |object| {
        object["spec"]["matchConditions"] = json!([{"name": "nobody", "expression": "false"}]);
    });
    for (who, condition) in EXCEPTIONS {
        changes.edited(format!("but for {who}"), |object| {
            let written = object["spec"]["matchConditions"].as_array().cloned();
            let mut conditions = written.unwrap_or_default();
            conditions.push(json!({"name": "excepted", "expression": condition}));
            object["spec"]["matchConditions"] = conditions.into();
        });
    }
    changes.field_written("/spec/matchConstraints", "excludeResourceRules", &named());
    let parameters = json!({"apiVersion": "v1", "kind": "ConfigMap"});
    changes.field_written("/spec", "paramKind", &parameters);
    let exempt = json!({"matchExpressions": [{"key": "exempt", "operator": "DoesNotExist"}]});
    for selector in ["namespaceSelector", "objectSelector"] {
        changes.field_written("/spec/matchConstraints", selector, &exempt);
    }
    let rules = "/spec/matchConstraints/resourceRules";
    changes.each_taken_out(rules);
    for index in 0..changes.original().list(rules).len() {
        for list in ["operations", "resources", "apiGroups"] {
            changes.each_taken_out(&format!("{rules}/{index}/{list}"));
        }
    }
}

/// A rule for everything of one name.
fn named() -> Value {
    json!([{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"],
        "resourceNames": ["excepted"]}])
}

/// What is listed as allowed with one more beside it.
fn widened(changes: &mut Changes<'_>, pointer: &str) {
    let Some(written) = changes.original().text(pointer).map(str::to_owned) else {
        return;
    };
    for (listed, others) in WIDER {
        let Some(at) = written.find(listed) else {
            continue;
        };
        let (before, after) = written.split_at(at);
        for other in others {
            changes.replaced(
                pointer,
                format!("{pointer}: '{other}' beside {listed}"),
                json!(format!("{before}'{other}', {after}")),
            );
        }
    }
}

fn expression(changes: &mut Changes<'_>, pointer: &str) {
    let Some(written) = changes.original().text(pointer) else {
        return;
    };
    changes.replaced(pointer, format!("{pointer} always true"), json!("true"));
    changes.replaced(
        pointer,
        format!("{pointer} turned round"),
        json!(format!("!({written})")),
    );
    slips(changes, pointer);
    constants(changes, pointer);
    widened(changes, pointer);
}

/// Each text that an expression holds is another one, and the list that it stands in is without it.
fn constants(changes: &mut Changes<'_>, pointer: &str) {
    let Some(written) = changes.original().text(pointer).map(str::to_owned) else {
        return;
    };
    for (index, (start, end)) in texts(&written).into_iter().enumerate() {
        let text = &written[start..end];
        let (before, after) = (&written[..start], &written[end..]);
        let number = index + 1;
        if text == "''" {
            continue;
        }
        changes.replaced(
            pointer,
            format!("{pointer}: text {number}, {text}, is another"),
            json!(format!("{before}'another'{after}")),
        );
        // What merely begins like a name is another name.
        let inside = &text[1..text.len() - 1];
        if let Some(shorter) = inside.strip_suffix('/') {
            changes.replaced(
                pointer,
                format!("{pointer}: text {number}, {text}, without its end"),
                json!(format!("{before}'{shorter}'{after}")),
            );
        }
        if !listed(before, after) {
            continue;
        }
        let rest = after
            .strip_prefix(", ")
            .map(|rest| format!("{before}{rest}"));
        let last = before
            .strip_suffix(", ")
            .map(|start| format!("{start}{after}"));
        let only = format!("{before}{after}");
        changes.replaced(
            pointer,
            format!("{pointer}: text {number}, {text}, taken out of its list"),
            json!(rest.or(last).unwrap_or(only)),
        );
        // What validations list they mostly refuse: with one more they refuse more.
        if pointer.starts_with("/spec/validations") {
            continue;
        }
        changes.replaced(
            pointer,
            format!("{pointer}: another text beside {number}, {text}"),
            json!(format!("{before}'another', {text}{after}")),
        );
    }
}

/// Where the texts in an expression begin and end, their quotes included.
fn texts(expression: &str) -> Vec<(usize, usize)> {
    let quotes: Vec<_> = expression.match_indices('\'').map(|(at, _)| at).collect();
    let pairs = quotes.chunks_exact(2);
    pairs.map(|pair| (pair[0], pair[1] + 1)).collect()
}

/// Whether what stands between the two is an element of a list.
fn listed(before: &str, after: &str) -> bool {
    let of_index = |letter: char| letter.is_alphanumeric() || [')', ']'].contains(&letter);
    let opens = before
        .rfind('[')
        .is_some_and(|at| !before[at..].contains([']', '?']) && !before[..at].ends_with(of_index));
    opens && after.starts_with([',', ']'])
}

fn slips(changes: &mut Changes<'_>, pointer: &str) {
    let Some(written) = changes.original().text(pointer) else {
        return;
    };
    for (right, wrong) in SLIPS {
        for (index, (place, _)) in written.match_indices(right).enumerate() {
            let (before, after) = written.split_at(place);
            let slipped = format!("{before}{wrong}{}", &after[right.len()..]);
            let what = format!(
                "{pointer}:{}.`{}` for `{}`",
                index + 1,
                wrong.trim(),
                right.trim()
            );
            changes.replaced(pointer, what, json!(slipped));
        }
    }
}

/// What may go wrong with the binding of an admission policy.
pub(super) fn binding(changes: &mut Changes<'_>) {
    changes.taken_away();
    for action in ["Warn", "Audit"] {
        let actions = json!([action]);
        changes.replaced(
            "/spec/validationActions",
            format!("{action} alone"),
            actions,
        );
    }
    narrowed(changes);
    let selector = "/spec/matchResources/namespaceSelector";
    changes.field_taken_out("/spec/matchResources", "namespaceSelector");
    changes.replaced(selector, "selecting every namespace", json!({}));
    changes.replaced(
        selector,
        "exempting by a label",
        json!({"matchExpressions": [{"key": "exempt", "operator": "DoesNotExist"}]}),
    );
    for index in 0..changes
        .original()
        .list(&format!("{selector}/matchExpressions"))
        .len()
    {
        let values = format!("{selector}/matchExpressions/{index}/values");
        changes.each_taken_out(&values);
        for namespace in ["invoice", "payments", "elsewhere"] {
            changes.added(&values, &json!(namespace));
        }
        turned(
            changes,
            &format!("{selector}/matchExpressions/{index}/operator"),
        );
    }
    changes.field_written(
        "/spec/matchResources",
        "objectSelector",
        &json!({"matchExpressions": [{"key": "exempt", "operator": "DoesNotExist"}]}),
    );
}

/// A binding that is for less than its policy.
fn narrowed(changes: &mut Changes<'_>) {
    let place = "/spec/matchResources";
    changes.field_written(place, "excludeResourceRules", &named());
    let pods = json!([{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["pods"]}]);
    changes.field_written(place, "resourceRules", &pods);
    let parameters = json!({"name": "excepted", "parameterNotFoundAction": "Allow"});
    changes.field_written("/spec", "paramRef", &parameters);
}

fn turned(changes: &mut Changes<'_>, operator: &str) {
    let other = match changes.original().at(operator).and_then(Value::as_str) {
        Some("In") => "NotIn",
        _ => "In",
    };
    changes.replaced(operator, format!("{operator} {other}"), json!(other));
}

#[cfg(test)]
mod tests {
    use manifests::parse;

    use super::{Changes, constants};

    #[test]
    fn each_text_of_an_expression_is_changed_and_each_list_grows_and_shrinks() {
        let text = "{apiVersion: v1, kind: Thing, metadata: {name: a}, \
                    spec: \"a.b['c'] in ['d/', 'e'] || f[?'g'] == ''\"}";
        let documents = parse(text).unwrap();
        let mut changes = Changes::of(&documents[0]);
        constants(&mut changes, "/spec");
        let seen: Vec<_> = changes
            .into_vec()
            .into_iter()
            .filter_map(|change| Some(change.document?.text("/spec")?.to_owned()))
            .collect();
        assert_eq!(
            seen,
            [
                "a.b['another'] in ['d/', 'e'] || f[?'g'] == ''",
                "a.b['c'] in ['another', 'e'] || f[?'g'] == ''",
                "a.b['c'] in ['d', 'e'] || f[?'g'] == ''",
                "a.b['c'] in ['e'] || f[?'g'] == ''",
                "a.b['c'] in ['another', 'd/', 'e'] || f[?'g'] == ''",
                "a.b['c'] in ['d/', 'another'] || f[?'g'] == ''",
                "a.b['c'] in ['d/'] || f[?'g'] == ''",
                "a.b['c'] in ['d/', 'another', 'e'] || f[?'g'] == ''",
                "a.b['c'] in ['d/', 'e'] || f[?'another'] == ''",
            ]
        );
    }
}
