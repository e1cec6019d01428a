//! The Common Expression Language, as policies use it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use cel::objects::{Key, Map};
use cel::{Context, Env, Program, Value};

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A compiled expression.
pub(super) struct Expression {
    text: String,
    program: Program,
    /// The names that it begins with, like `object`.
    names: HashSet<String>,
}

/// What expressions see, by name.
#[derive(Clone, Default)]
pub(super) struct Scope {
    names: HashMap<&'static str, Value>,
    variables: HashMap<String, Value>,
}

impl Expression {
    /// Compiles a text; the error says what is wrong with it.
    pub(super) fn compile(text: &str) -> Result<Self, String> {
        let compiled = ENVIRONMENT.compile(text);
        let program = compiled.map_err(|error| error.to_string())?;
        let references = program.references();
        let names = references.variables().into_iter();
        let names = names.map(str::to_owned).collect();
        Ok(Self {
            text: text.to_owned(),
            names,
            program,
        })
    }

    /// As it is written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is true; an error when it cannot be told, as for the API server.
    pub(super) fn holds(&self, scope: &Scope) -> Result<bool, String> {
        match self.value(scope)? {
            Value::Bool(holds) => Ok(holds),
            other => Err(format!("it is {other:?}, neither true nor false")),
        }
    }

    /// What it evaluates to.
    pub(super) fn value(&self, scope: &Scope) -> Result<Value, String> {
        let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
        // Only what it mentions: handing over a value copies it.
        for (name, value) in &scope.names {
            if self.names.contains(*name) {
                context.add_variable_from_value(*name, value.clone());
            }
        }
        let variables = scope.variables.iter();
        let mentioned =
            variables.filter(|(name, _)| self.text.contains(&format!("variables.{name}")));
        let variables = mentioned.map(|(name, value)| (name.clone().into(), value.clone()));
        context.add_variable_from_value("variables", map(variables.collect()));
        let value = self.program.execute(&context);
        value.map_err(|error| error.to_string())
    }
}

impl Scope {
    /// Adds a name that expressions begin with, like `object`.
    pub(super) fn insert(&mut self, name: &'static str, value: &serde_json::Value) {
        self.names.insert(name, from_json(value));
    }

    /// Adds one of `variables`. One that has no value is left out: using it is an error then.
    pub(super) fn insert_variable(&mut self, name: &str, value: Value) {
        self.variables.insert(name.to_owned(), value);
    }
}

/// By hand, because numbers have to become signed, as the API server has them.
fn from_json(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(truth) => Value::Bool(*truth),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(integer) => Value::Int(integer),
            None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        serde_json::Value::String(text) => Value::String(Arc::new(text.clone())),
        serde_json::Value::Array(items) => {
            Value::List(Arc::new(items.iter().map(from_json).collect()))
        }
        serde_json::Value::Object(fields) => map(fields
            .iter()
            .map(|(name, value)| (name.clone().into(), from_json(value)))
            .collect()),
    }
}

fn map(entries: HashMap<Key, Value>) -> Value {
    Value::Map(Map {
        map: Arc::new(entries),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(text: &str, object: &serde_json::Value) -> Result<bool, String> {
        let mut scope = Scope::default();
        scope.insert("object", object);
        Expression::compile(text)?.holds(&scope)
    }

    #[test]
    fn what_is_missing_is_an_error_unless_asked_for_as_optional() {
        let object = json!({"spec": {}});
        assert!(holds("object.spec.a == 1", &object).is_err());
        assert_eq!(
            holds("object.spec.?a.?b.orValue(1) == 1", &object),
            Ok(true)
        );
        assert_eq!(
            holds("object.spec.?a[?'b'].orValue(1) == 1", &object),
            Ok(true)
        );
    }

    #[test]
    fn numbers_are_signed_and_equal_to_literals() {
        assert_eq!(
            holds("object.n == 7 && object.n - 8 == -1", &json!({"n": 7})),
            Ok(true)
        );
    }

    #[test]
    fn a_text_that_is_no_expression_is_refused() {
        assert!(holds("object.spec ==", &json!({})).is_err());
        assert!(holds("'true'", &json!({})).is_err());
    }
}
