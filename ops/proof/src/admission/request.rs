use serde_json::{Value, json};

use super::kind::Kind;

/// What is asked of the API server.
#[derive(Debug, Clone)]
pub struct Request {
    /// What is to be done.
    pub operation: Operation,
    /// With which kind of object.
    pub kind: Kind,
    /// `ephemeralcontainers`, for example; mostly empty.
    pub subresource: String,
    /// Where, unless the object belongs to the cluster.
    pub namespace: Option<String>,
    /// The object's name.
    pub name: String,
    /// As it will be; null when it is deleted.
    pub object: Value,
    /// As it was; null when it is new.
    pub old_object: Value,
    /// Who asks.
    pub user: String,
}

/// What policies tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Operation {
    /// A new object.
    Create,
    /// A change of one.
    Update,
    /// Its end.
    Delete,
}

impl Operation {
    /// As it is written in policies.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// Who asks where nothing else is said: somebody with every right.
const ADMINISTRATOR: &str = "admin";

impl Request {
    /// A new object, made by an administrator.
    #[must_use]
    pub fn create(object: Value) -> Self {
        Self::new(Operation::Create, object, Value::Null)
    }

    /// A change of an object, by an administrator.
    #[must_use]
    pub fn update(old_object: Value, object: Value) -> Self {
        Self::new(Operation::Update, object, old_object)
    }

    /// The end of an object, by an administrator.
    #[must_use]
    pub fn delete(old_object: Value) -> Self {
        Self::new(Operation::Delete, Value::Null, old_object)
    }

    /// The same on a sub-resource.
    #[must_use]
    pub fn on(mut self, subresource: &str) -> Self {
        subresource.clone_into(&mut self.subresource);
        self
    }

    /// The same, asked by somebody else.
    #[must_use]
    pub fn by(mut self, user: &str) -> Self {
        user.clone_into(&mut self.user);
        self
    }

    fn new(operation: Operation, object: Value, old_object: Value) -> Self {
        let subject = if object.is_null() {
            &old_object
        } else {
            &object
        };
        let text = |pointer: &str| {
            subject
                .pointer(pointer)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        Self {
            operation,
            kind: Kind::of(subject),
            subresource: String::new(),
            namespace: text("/metadata/namespace"),
            name: text("/metadata/name").unwrap_or_default(),
            user: ADMINISTRATOR.to_owned(),
            object,
            old_object,
        }
    }

    /// What expressions see as `request`.
    pub(super) fn as_seen(&self) -> Value {
        let Kind {
            group,
            version,
            kind,
            resource,
        } = &self.kind;
        json!({
            "operation": self.operation.name(),
            "kind": {"group": group, "version": version, "kind": kind},
            "resource": {"group": group, "version": version, "resource": resource},
            "subResource": self.subresource,
            "namespace": self.namespace.as_deref().unwrap_or_default(),
            "name": self.name,
            "userInfo": {"username": self.user, "groups": ["system:authenticated"]},
            "dryRun": false,
        })
    }
}
