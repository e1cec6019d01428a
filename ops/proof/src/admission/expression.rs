//! The Common Expression Language, as policies use it.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use cel::objects::{Key, Map};
use cel::{Context, Env, Program, Value};

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// By their texts: the policies of two mutants are the same but for one expression or two.
static PROGRAMS: LazyLock<Mutex<HashMap<String, Arc<Program>>>> = LazyLock::new(Mutex::default);

/// What an expression may begin with besides `variables`, as the API server has it.
const ROOTS: [Root; 5] = [
    Root::Object,
    Root::OldObject,
    Root::Request,
    Root::Params,
    Root::NamespaceObject,
];

/// A name that expressions begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Root {
    Object,
    OldObject,
    Request,
    Params,
    NamespaceObject,
}

/// What an expression sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    Root(Root),
    /// One of the policy's variables.
    Variable(String),
}

/// A compiled expression.
pub(super) struct Expression {
    text: String,
    program: Arc<Program>,
    names: Vec<Name>,
    key: String,
}

impl Root {
    fn name(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::OldObject => "oldObject",
            Self::Request => "request",
            Self::Params => "params",
            Self::NamespaceObject => "namespaceObject",
        }
    }
}

impl Expression {
    /// Compiles a text that may use these variables; the error says what is wrong with it.
    pub(super) fn compile(text: &str, variables: &[&str]) -> Result<Self, String> {
        let program = program(text)?;
        let references = program.references();
        let roots = ROOTS.into_iter();
        let roots = roots.filter(|root| references.has_variable(root.name()));
        let variables = variables.iter();
        let variables = variables.filter(|name| mentions(text, name));
        let names = roots
            .map(Name::Root)
            .chain(variables.map(|name| Name::Variable((*name).to_owned())));
        let names: Vec<_> = names.collect();
        Ok(Self {
            key: format!("{names:?} {text}"),
            text: text.to_owned(),
            names,
            program,
        })
    }

    /// As it is written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Text and names: what makes it another expression.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// All that it sees.
    pub(super) fn names(&self) -> &[Name] {
        &self.names
    }

    /// What it evaluates to, when these are the values of its names. A variable without one is left out: using it is
    /// an error, as for the API server.
    pub(super) fn value(
        &self,
        values: impl Iterator<Item = Option<Value>>,
    ) -> Result<Value, String> {
        let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
        let mut variables = HashMap::new();
        for (name, value) in self.names.iter().zip(values) {
            let Some(value) = value else { continue };
            match name {
                Name::Root(root) => context.add_variable_from_value(root.name(), value),
                Name::Variable(name) => drop(variables.insert(name.clone().into(), value)),
            }
        }
        context.add_variable_from_value("variables", map(variables));
        let value = self.program.execute(&context);
        value.map_err(|error| error.to_string())
    }
}

fn program(text: &str) -> Result<Arc<Program>, String> {
    let programs = || PROGRAMS.lock().unwrap_or_else(PoisonError::into_inner);
    let known = programs().get(text).cloned();
    if let Some(program) = known {
        return Ok(program);
    }
    let compiled = ENVIRONMENT.compile(text);
    let program = Arc::new(compiled.map_err(|error| error.to_string())?);
    programs().insert(text.to_owned(), Arc::clone(&program));
    Ok(program)
}

/// Whether a text uses a variable, and not one that is merely called alike.
fn mentions(text: &str, variable: &str) -> bool {
    let goes_on = |letter: char| letter.is_alphanumeric() || letter == '_';
    let uses = text.split("variables.").skip(1);
    uses.filter_map(|rest| rest.strip_prefix(variable))
        .any(|rest| !rest.starts_with(goes_on))
}

/// By hand, because numbers have to become signed, as the API server has them.
pub(super) fn from_json(value: &serde_json::Value) -> Value {
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

    fn value(text: &str, object: &serde_json::Value) -> Result<Value, String> {
        let expression = Expression::compile(text, &[])?;
        expression.value(std::iter::once(Some(from_json(object))))
    }

    fn holds(text: &str, object: &serde_json::Value) -> bool {
        value(text, object) == Ok(Value::Bool(true))
    }

    #[test]
    fn what_is_missing_is_an_error_unless_asked_for_as_optional() {
        let object = json!({"spec": {}});
        assert!(value("object.spec.a == 1", &object).is_err());
        assert!(holds("object.spec.?a.?b.orValue(1) == 1", &object));
        assert!(holds("object.spec.?a[?'b'].orValue(1) == 1", &object));
    }

    #[test]
    fn numbers_are_signed_and_equal_to_literals() {
        let object = json!({"n": 7});
        assert!(holds("object.n == 7 && object.n - 8 == -1", &object));
    }

    #[test]
    fn a_text_that_is_no_expression_is_refused() {
        assert!(Expression::compile("object.spec ==", &[]).is_err());
    }

    #[test]
    fn an_expression_sees_what_it_names_and_nothing_else() {
        let text = "object.a == variables.pods && request.name != ''";
        let known = ["pod", "pods", "other"];
        let expression = Expression::compile(text, &known).unwrap();
        let seen = [
            Name::Root(Root::Object),
            Name::Root(Root::Request),
            Name::Variable("pods".to_owned()),
        ];
        assert_eq!(expression.names(), seen);
    }

    #[test]
    fn a_variable_without_a_value_is_an_error_where_it_is_used() {
        let text = "variables.a == 1";
        let expression = Expression::compile(text, &["a"]).unwrap();
        let with = |value| expression.value(std::iter::once(value));
        assert_eq!(with(Some(Value::Int(1))), Ok(Value::Bool(true)));
        assert!(with(None).is_err());
    }
}
