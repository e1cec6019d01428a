//! What expressions came to. An expression sees nothing but what it names, so of the same values it makes the same
//! one: most requests hold a pod that another held too, and a policy that is changed in one place asks the
//! same as before in all others.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use cel::Value;
use cel::objects::Key;

use super::expression::Expression;

/// A value that the memory holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Number(usize);

/// What an expression makes of its inputs; the error says why it makes nothing.
pub(super) type Made = Result<Number, String>;

/// Numbers stand for values within one memory alone.
#[derive(Default)]
pub(super) struct Memory(RwLock<Held>);

#[derive(Default)]
struct Held {
    values: Vec<Value>,
    /// By what the values are, written out.
    numbers: HashMap<String, Number>,
    /// By an expression's key, then by the numbers of what it names; none is a variable that has no value.
    made: HashMap<String, HashMap<Vec<Option<Number>>, Made>>,
}

impl Memory {
    /// The number of a value, the same one for values that are the same.
    pub(super) fn number(&self, value: Value) -> Number {
        let written = written(&value);
        let mut held = self.write();
        let next = Number(held.values.len());
        if let Some(written) = written {
            let number = *held.numbers.entry(written).or_insert(next);
            if number != next {
                return number;
            }
        }
        held.values.push(value);
        next
    }

    /// Whether a number stands for true; an error when it stands for neither truth.
    pub(super) fn truth(&self, number: Number) -> Result<bool, String> {
        match &self.read().values[number.0] {
            Value::Bool(holds) => Ok(*holds),
            other => Err(format!("it is {other:?}, neither true nor false")),
        }
    }

    /// The value of a number.
    pub(super) fn value(&self, number: Number) -> Value {
        self.read().values[number.0].clone()
    }

    /// What an expression makes of these inputs, which come in the order of its names.
    pub(super) fn made(&self, expression: &Expression, inputs: &[Option<Number>]) -> Made {
        let key = expression.key();
        let known = |held: &Held| held.made.get(key)?.get(inputs).cloned();
        let known = known(&self.read());
        if let Some(made) = known {
            return made;
        }
        let values = inputs.iter();
        let values = values.map(|input| input.map(|number| self.value(number)));
        let made = expression.value(values);
        let made = made.map(|value| self.number(value));
        let mut held = self.write();
        let of_expression = held.made.entry(key.to_owned()).or_default();
        of_expression.insert(inputs.to_vec(), made.clone());
        made
    }

    /// A thread that panicked left nothing half done: each entry is whole or not there.
    fn read(&self) -> RwLockReadGuard<'_, Held> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Held> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a value is, the same text for the same value alone; none for one that cannot be written out, which is
/// then like no other.
fn written(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Int(number) => format!("int {number}"),
        Value::UInt(number) => format!("uint {number}"),
        Value::Float(number) => format!("float {:x}", number.to_bits()),
        Value::String(text) => format!("{text:?}"),
        Value::List(items) => {
            let items: Option<Vec<_>> = items.iter().map(written).collect();
            format!("[{}]", items?.join(","))
        }
        Value::Map(map) => {
            let entry = |(key, value): (&Key, &Value)| Some(format!("{key:?}:{}", written(value)?));
            let mut entries: Vec<_> = map.map.iter().map(entry).collect::<Option<_>>()?;
            entries.sort_unstable();
            format!("{{{}}}", entries.join(","))
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::admission::expression::from_json;

    #[test]
    fn values_have_one_number_when_they_are_the_same_and_else_each_its_own() {
        let memory = Memory::default();
        let number = |value: &serde_json::Value| memory.number(from_json(value));
        let different = [
            json!(null),
            json!(true),
            json!(1),
            json!(1.0),
            json!("1"),
            json!("null"),
            json!([]),
            json!(["a", "b"]),
            json!(["a\",\"b"]),
            json!([["a"], "b"]),
            json!({}),
            json!({"a": "b"}),
            json!({"a": {"b": 1}, "c": []}),
        ];
        for (index, one) in different.iter().enumerate() {
            assert_eq!(number(one), number(one), "{one}");
            assert_eq!(memory.value(number(one)), from_json(one));
            for other in &different[..index] {
                assert_ne!(number(one), number(other), "{one} and {other}");
            }
        }
    }

    #[test]
    fn an_expression_is_evaluated_once_for_the_same_inputs_and_again_for_others() {
        let memory = Memory::default();
        let expression = Expression::compile("object.a + 1", &[]).unwrap();
        let made = |object: &serde_json::Value| {
            let object = memory.number(from_json(object));
            let made = memory.made(&expression, &[Some(object)]);
            made.map(|number| memory.value(number))
        };
        let kept = || memory.read().made[expression.key()].len();
        for _ in 0..2 {
            assert_eq!(made(&json!({"a": 1})), Ok(Value::Int(2)));
            assert_eq!(kept(), 1);
        }
        assert_eq!(made(&json!({"a": 2})), Ok(Value::Int(3)));
        assert!(made(&json!({})).is_err());
        assert!(made(&json!({})).is_err());
        assert_eq!(kept(), 3);
    }
}
