use manifests::Document;
use serde_json::Value;

/// One object with one thing changed.
#[derive(Debug, Clone)]
pub(super) struct Change {
    /// What was done, in a few words.
    pub(super) what: String,
    /// None is the object taken away.
    pub(super) document: Option<Document>,
}

/// The changes of one object, in the order in which they were thought of. One that changes nothing, or the
/// same as one before, is left out.
pub(super) struct Changes<'a> {
    original: &'a Document,
    changes: Vec<Change>,
}

impl<'a> Changes<'a> {
    pub(super) fn of(original: &'a Document) -> Self {
        Self {
            original,
            changes: Vec::new(),
        }
    }

    pub(super) fn original(&self) -> &'a Document {
        self.original
    }

    pub(super) fn into_vec(self) -> Vec<Change> {
        self.changes
    }

    /// Takes the whole object away.
    pub(super) fn taken_away(&mut self) {
        self.changes.push(Change {
            what: "taken away".to_owned(),
            document: None,
        });
    }

    /// Whatever `edit` does to the object.
    pub(super) fn edited(&mut self, what: impl Into<String>, edit: impl FnOnce(&mut Value)) {
        let mut document = self.original.clone();
        edit(document.value_mut());
        let known = self
            .changes
            .iter()
            .any(|change| change.document.as_ref() == Some(&document));
        if !known && document != *self.original {
            self.changes.push(Change {
                what: what.into(),
                document: Some(document),
            });
        }
    }

    /// What a pointer leads to is replaced; nothing where it leads nowhere.
    pub(super) fn replaced(&mut self, pointer: &str, what: impl Into<String>, value: Value) {
        self.edited(what, |object| {
            if let Some(place) = object.pointer_mut(pointer) {
                *place = value;
            }
        });
    }

    /// Each element of the list at a pointer is taken out, one at a time.
    pub(super) fn each_taken_out(&mut self, pointer: &str) {
        for index in 0..self.original.list(pointer).len() {
            let gone = short(&self.original.list(pointer)[index]);
            self.edited(format!("{pointer}/{index} taken out: {gone}"), |object| {
                if let Some(list) = list_mut(object, pointer) {
                    list.remove(index);
                }
            });
        }
    }

    /// An element is added to the list at a pointer.
    pub(super) fn added(&mut self, pointer: &str, element: &Value) {
        self.edited(
            format!("{pointer} with {} more", short(element)),
            |object| {
                if let Some(list) = list_mut(object, pointer)
                    && !list.contains(element)
                {
                    list.push(element.clone());
                }
            },
        );
    }

    /// A field of the object at a pointer is taken out.
    pub(super) fn field_taken_out(&mut self, pointer: &str, field: &str) {
        self.edited(format!("{pointer} without {field}"), |object| {
            if let Some(map) = object.pointer_mut(pointer).and_then(Value::as_object_mut) {
                map.remove(field);
            }
        });
    }

    /// A field of the object at a pointer is written, whether it was there or not.
    pub(super) fn field_written(&mut self, pointer: &str, field: &str, value: &Value) {
        let what = format!("{pointer} with {field}: {}", short(value));
        self.edited(what, |object| {
            if let Some(map) = object.pointer_mut(pointer).and_then(Value::as_object_mut) {
                map.insert(field.to_owned(), value.clone());
            }
        });
    }

    /// The names of the fields of the object at a pointer.
    pub(super) fn fields(&self, pointer: &str) -> Vec<String> {
        let map = self.original.at(pointer).and_then(Value::as_object);
        map.map(|map| map.keys().cloned().collect())
            .unwrap_or_default()
    }
}

fn list_mut<'a>(object: &'a mut Value, pointer: &str) -> Option<&'a mut Vec<Value>> {
    object.pointer_mut(pointer).and_then(Value::as_array_mut)
}

/// A name with `/` as a part of a pointer.
pub(super) fn escaped(field: &str) -> String {
    field.replace('~', "~0").replace('/', "~1")
}

/// What tells a value from others, in one line.
fn short(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Value::Object(map) => match map.get("message").or_else(|| map.get("name")) {
            Some(Value::String(name)) => name.clone(),
            _ => value.to_string(),
        },
        other => other.to_string(),
    };
    let mut letters = text.chars();
    let start: String = letters.by_ref().take(90).collect();
    if letters.next().is_none() {
        start
    } else {
        format!("{start}…")
    }
}

#[cfg(test)]
mod tests {
    use manifests::parse;
    use serde_json::json;

    use super::Changes;

    #[test]
    fn a_change_that_changes_nothing_or_is_known_is_left_out() {
        let text = "{apiVersion: v1, kind: Thing, metadata: {name: a}, spec: {list: [1, 2]}}";
        let documents = parse(text).unwrap();
        let mut changes = Changes::of(&documents[0]);
        changes.each_taken_out("/spec/list");
        changes.replaced("/spec/list", "without the first", json!([2]));
        changes.replaced("/spec/list", "the same", json!([1, 2]));
        changes.replaced("/spec/other", "nowhere", json!(1));
        changes.added("/spec/list", &json!(3));
        let seen: Vec<_> = changes.into_vec();
        let what: Vec<_> = seen.iter().map(|change| change.what.as_str()).collect();
        assert_eq!(
            what,
            [
                "/spec/list/0 taken out: 1",
                "/spec/list/1 taken out: 2",
                "/spec/list with 3 more"
            ]
        );
    }
}
