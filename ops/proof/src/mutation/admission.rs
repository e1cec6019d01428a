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
        slips(changes, &format!("/spec/variables/{index}/expression"));
    }
    changes.edited("for nobody", |object| {
        object["spec"]["matchConditions"] = json!([{"name": "nobody", "expression": "false"}]);
    });
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

fn turned(changes: &mut Changes<'_>, operator: &str) {
    let other = match changes.original().at(operator).and_then(Value::as_str) {
        Some("In") => "NotIn",
        _ => "In",
    };
    changes.replaced(operator, format!("{operator} {other}"), json!(other));
}
