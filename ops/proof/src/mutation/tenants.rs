use serde_json::json;

use super::change::{Changes, escaped};

/// What may go wrong with a tenant's namespace.
pub(super) fn namespace(changes: &mut Changes<'_>) {
    changes.taken_away();
    let labels = "/metadata/labels";
    let of_pod_security = changes.fields(labels).into_iter();
    let of_pod_security =
        of_pod_security.filter(|label| label.starts_with("pod-security.kubernetes.io/"));
    for label in of_pod_security.collect::<Vec<_>>() {
        changes.field_taken_out(labels, &label);
        let pointer = format!("{labels}/{}", escaped(&label));
        let other = if label.ends_with("-version") {
            let written = changes.original().text(&pointer).unwrap_or_default();
            let mut other = vec!["latest".to_owned(), "v1.0".to_owned()];
            other.extend(one_before(written));
            other
        } else {
            vec!["baseline".to_owned(), "privileged".to_owned()]
        };
        for value in other {
            changes.replaced(&pointer, format!("{label} {value}"), json!(value));
        }
    }
}

/// The minor version before one.
fn one_before(version: &str) -> Option<String> {
    let (major, minor) = version.rsplit_once('.')?;
    let minor: u32 = minor.parse().ok()?;
    Some(format!("{major}.{}", minor.checked_sub(1)?))
}

/// What may go wrong with a quota.
pub(super) fn quota(changes: &mut Changes<'_>) {
    changes.taken_away();
    for field in changes.fields("/spec/hard") {
        changes.field_taken_out("/spec/hard", &field);
        raised(changes, &format!("/spec/hard/{}", escaped(&field)));
    }
    for field in ["services.nodeports", "services.loadbalancers"] {
        changes.field_written("/spec/hard", field, &json!("1"));
    }
    changes.field_written("/spec", "scopes", &json!(["BestEffort"]));
}

/// What may go wrong with a limit range.
pub(super) fn limits(changes: &mut Changes<'_>) {
    changes.taken_away();
    changes.each_taken_out("/spec/limits");
    for index in 0..changes.original().list("/spec/limits").len() {
        let limit = format!("/spec/limits/{index}");
        for bound in ["max", "min"] {
            for resource in changes.fields(&format!("{limit}/{bound}")) {
                changes.field_taken_out(&format!("{limit}/{bound}"), &resource);
                raised(changes, &format!("{limit}/{bound}/{}", escaped(&resource)));
            }
        }
        // Defaults would hide from admission that nobody thought about limits.
        let default = json!({"cpu": "1", "memory": "128Mi"});
        changes.field_written(&limit, "default", &default);
    }
}

/// Ten times as much as is written.
fn raised(changes: &mut Changes<'_>, pointer: &str) {
    let Some(written) = changes.original().text(pointer) else {
        return;
    };
    let digits = written.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let more = format!("{digits}0{}", &written[digits.len()..]);
    // Nothing, ten times, is still nothing.
    let more = if digits == "0" { "1".to_owned() } else { more };
    changes.replaced(pointer, format!("{pointer} {more}"), json!(more));
}
