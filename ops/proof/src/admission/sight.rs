//! One request, as policies and their expressions see it.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::{Value, json};

use super::expression::{Root, from_json};
use super::matching::NAMESPACE_NAME;
use super::memory::{Memory, Number};
use super::object::ready_for_admission;
use super::request::Request;
use super::specification::MatchResources;

/// A request, with what was made of it so far.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) request: &'a Request,
    pub(super) seen: &'a Seen,
    /// The one whose numbers were seen.
    pub(super) memory: &'a Memory,
}

/// The parts of one request that do not depend on what else is rendered. Each is made when it is looked at: most
/// policies are about other kinds.
#[derive(Default)]
pub(super) struct Seen {
    object: OnceLock<Number>,
    old_object: OnceLock<Number>,
    request: OnceLock<Number>,
}

/// A request in the namespace that it is made in.
pub(super) struct World<'a> {
    asked: Asked<'a>,
    namespace: BTreeMap<String, String>,
    namespace_object: OnceCell<Number>,
}

impl<'a> World<'a> {
    pub(super) fn of(
        asked: Asked<'a>,
        namespaces: &BTreeMap<String, BTreeMap<String, String>>,
    ) -> Self {
        let mut namespace = BTreeMap::new();
        if let Some(name) = &asked.request.namespace {
            namespace = namespaces.get(name).cloned().unwrap_or_default();
            // The API server sets it on every namespace, and nobody can change it.
            namespace.insert(NAMESPACE_NAME.to_owned(), name.clone());
        }
        Self {
            asked,
            namespace,
            namespace_object: OnceCell::new(),
        }
    }

    pub(super) fn memory(&self) -> &'a Memory {
        self.asked.memory
    }

    /// Whether a policy or a binding is for it.
    pub(super) fn is_in(&self, resources: &MatchResources) -> bool {
        resources.include(self.asked.request, &self.namespace)
    }

    /// What stands for a name that expressions begin with.
    pub(super) fn number(&self, root: Root) -> Number {
        let Asked {
            request,
            seen,
            memory,
        } = self.asked;
        let number = |value: &Value| memory.number(from_json(value));
        let made = |object: &Value| number(&completed(object));
        match root {
            Root::Object => *seen.object.get_or_init(|| made(&request.object)),
            Root::OldObject => *seen.old_object.get_or_init(|| made(&request.old_object)),
            Root::Request => *seen.request.get_or_init(|| number(&request.as_seen())),
            Root::Params => number(&Value::Null),
            Root::NamespaceObject => *self.namespace_object.get_or_init(|| {
                number(&json!({"metadata": {"name": request.namespace, "labels": self.namespace}}))
            }),
        }
    }
}

fn completed(object: &Value) -> Value {
    if object.is_null() {
        Value::Null
    } else {
        ready_for_admission(object.clone())
    }
}
