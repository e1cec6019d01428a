//! A case as a change of a pod that runs, of which hardly anything can be changed: its labels, and the images of
//! its containers.

use proof::admission::Request;
use serde_json::Value;

/// None where the case is about something that stays as it was.
pub(super) fn pod(request: &Request, running: &Value) -> Option<Request> {
    let (before, after) = (&request.old_object["spec"], &request.object["spec"]);
    let mut object = running.clone();
    object["metadata"]["labels"] = request.object["metadata"]["labels"].clone();
    if before != after {
        object["spec"]["containers"][0]["image"] = another_image(before, after)?;
    }
    Some(Request::update(running.clone(), object))
}

/// The image of the second container, where it is all that the case is about.
fn another_image(before: &Value, after: &Value) -> Option<Value> {
    let first = before["containers"].get(0)?;
    let mut second = after["containers"].get(1)?.clone();
    let image = second["image"].take();
    second["name"] = first["name"].clone();
    second["image"] = first["image"].clone();
    let mut others = after.clone();
    others["containers"] = before["containers"].clone();
    (second == *first && others == *before).then_some(image)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn good() -> Value {
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "good", "namespace": "invoice", "labels": {"a": "b"}},
            "spec": {"containers": [{"name": "first", "image": "good", "tty": false}]}})
    }

    fn running() -> Value {
        let mut running = good();
        running["metadata"]["name"] = json!("running");
        running["spec"]["nodeName"] = json!("node");
        running
    }

    fn changed(object: Value) -> Option<Value> {
        Some(pod(&Request::update(good(), object), &running())?.object)
    }

    #[test]
    fn labels_are_changed_and_all_else_of_the_running_pod_stays() {
        let mut object = good();
        object["metadata"]["labels"] = json!({});
        let mut wanted = running();
        wanted["metadata"]["labels"] = json!({});
        assert_eq!(changed(object), Some(wanted));
    }

    #[test]
    fn the_image_of_one_more_container_becomes_the_running_ones() {
        let mut object = good();
        let second = json!({"name": "second", "image": "bad", "tty": false});
        object["spec"]["containers"] = json!([object["spec"]["containers"][0], second]);
        let object = changed(object).unwrap();
        assert_eq!(object["spec"]["containers"][0]["image"], "bad");
        assert_eq!(object["metadata"]["name"], "running");
    }

    #[test]
    fn what_a_running_pod_cannot_change_is_left_out() {
        let mut on_another = good();
        on_another["spec"]["nodeName"] = json!("another");
        assert_eq!(changed(on_another), None);
        let mut with_terminal = good();
        let second = json!({"name": "second", "image": "good", "tty": true});
        with_terminal["spec"]["containers"] = json!([good()["spec"]["containers"][0], second]);
        assert_eq!(changed(with_terminal), None);
    }
}
