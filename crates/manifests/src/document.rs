use serde::Deserialize;
use serde_json::Value;

/// One rendered Kubernetes object.
#[derive(Debug, Clone, PartialEq)]
pub struct Document(Value);

/// A text that is no list of Kubernetes objects.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// The text is not YAML.
    #[error("this is not YAML: {0}")]
    Yaml(#[from] serde_norway::Error),
    /// An object without one of the fields that all have.
    #[error("object number {position} has no {field}: add it to the manifest")]
    Incomplete {
        /// Counted from one.
        position: usize,
        /// A JSON pointer, like `/metadata/name`.
        field: &'static str,
    },
}

/// Reads a stream of YAML documents; empty ones are left out.
///
/// # Errors
/// When the text is not YAML, or an object has no `apiVersion`, `kind` or `metadata.name`.
pub fn parse(text: &str) -> Result<Vec<Document>, Malformed> {
    let mut documents = Vec::new();
    for document in serde_norway::Deserializer::from_str(text) {
        let value = Value::deserialize(document)?;
        if value.is_null() {
            continue;
        }
        documents.push(Document::new(value, documents.len() + 1)?);
    }
    Ok(documents)
}

impl Document {
    fn new(value: Value, position: usize) -> Result<Self, Malformed> {
        let missing = ["/apiVersion", "/kind", "/metadata/name"]
            .into_iter()
            .find(|field| value.pointer(field).and_then(Value::as_str).is_none());
        match missing {
            Some(field) => Err(Malformed::Incomplete { position, field }),
            None => Ok(Self(value)),
        }
    }

    /// `apps/v1`, for example.
    #[must_use]
    pub fn api_version(&self) -> &str {
        self.text("/apiVersion").unwrap_or_default()
    }

    /// `Deployment`, for example.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.text("/kind").unwrap_or_default()
    }

    /// The object's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text("/metadata/name").unwrap_or_default()
    }

    /// The object's namespace, where one is written.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.text("/metadata/namespace")
    }

    /// What a JSON pointer (`/spec/replicas`) leads to.
    #[must_use]
    pub fn at(&self, pointer: &str) -> Option<&Value> {
        self.0.pointer(pointer)
    }

    /// The string that a JSON pointer leads to.
    #[must_use]
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.at(pointer).and_then(Value::as_str)
    }

    /// The elements of the array that a JSON pointer leads to; none when it leads nowhere.
    #[must_use]
    pub fn list(&self, pointer: &str) -> &[Value] {
        self.at(pointer)
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }

    /// The whole object.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// The whole object, to be changed.
    pub fn value_mut(&mut self) -> &mut Value {
        &mut self.0
    }
}

/// `Deployment invoice/invoice-app`.
impl std::fmt::Display for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.namespace() {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind(), self.name()),
            None => write!(f, "{} {}", self.kind(), self.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_of_a_stream_is_read_and_empty_ones_are_left_out() {
        let text = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n---\n\
                    apiVersion: v1\nkind: Service\nmetadata: {name: b, namespace: a}\n";
        let seen: Vec<_> = parse(text)
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(seen, ["Namespace a", "Service a/b"]);
    }

    #[test]
    fn an_object_without_a_name_is_refused_with_its_place() {
        let error = parse("apiVersion: v1\nkind: Namespace\nmetadata: {}\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "object number 1 has no /metadata/name: add it to the manifest"
        );
    }
}
