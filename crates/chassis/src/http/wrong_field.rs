//! Serde's words for a value that cannot be read, as a problem that names the field and says what is accepted.

use crate::problem::Problem;

/// A problem with the field that serde's message names, or else with the path it stopped at.
///
/// A missing or unknown field is reported at its parent, with its name only in the message.
pub(super) fn wrong_field(path: String, message: &str) -> Problem {
    let message = message.split(" at line ").next().unwrap_or(message);
    let named = |prefix: &str| message.strip_prefix(prefix)?.split('`').next();
    let within = |name: &str| {
        if path == "." {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    if let Some(name) = named("missing field `") {
        return Problem::field(within(name), "is missing");
    }
    if let Some(name) = named("duplicate field `") {
        return Problem::field(name, "is given more than once");
    }
    if let Some(name) = named("unknown field `") {
        let known = known(message).trim_start_matches("one of ");
        return Problem::field(name, format!("is not known; known are {known}"));
    }
    let field = if path == "." { "body".to_owned() } else { path };
    Problem::field(field, accepted(message))
}

/// What is accepted, where the message lets it be told without speaking of Rust.
fn accepted(message: &str) -> String {
    if message.starts_with("unknown variant `") {
        return format!("must be {}", known(message));
    }
    if message.contains("UUID") {
        return "must be a UUID, such as 01a1fe10-cca8-766a-9200-95e29c0d1c06".to_owned();
    }
    if message.starts_with("invalid type: ") && message.ends_with(", expected a string") {
        return "must be a string".to_owned();
    }
    match message {
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            "must be a whole number".to_owned()
        }
        "number too large to fit in target type" => "is too large a number".to_owned(),
        other => format!("is wrong: {other}"),
    }
}

fn known(message: &str) -> &str {
    message
        .split_once("expected ")
        .map_or("", |(_, known)| known)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde::de::DeserializeOwned;
    use uuid::Uuid;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Colour {
        Red,
        Green,
    }

    /// What is said of a parameter of a query that should be a `T`.
    fn said<T: DeserializeOwned + std::fmt::Debug>(value: &str) -> String {
        let pairs = [("parameter", value)];
        let error = serde_urlencoded::from_str::<std::collections::HashMap<String, T>>(
            &serde_urlencoded::to_string(pairs).unwrap(),
        )
        .unwrap_err();
        wrong_field("parameter".to_owned(), &error.to_string()).to_string()
    }

    #[test]
    fn what_is_accepted_is_said_without_speaking_of_rust() {
        for (said, words) in [
            (
                said::<Uuid>("I1"),
                "must be a UUID, such as 01a1fe10-cca8-766a-9200-95e29c0d1c06",
            ),
            (said::<Colour>("blue"), "must be `red` or `green`"),
            (said::<u32>("many"), "must be a whole number"),
            (said::<u32>("-1"), "must be a whole number"),
            (said::<u32>(""), "must be a whole number"),
            (said::<u32>("5000000000"), "is too large a number"),
        ] {
            assert_eq!(said, format!("The request is not valid: parameter {words}"));
        }
    }

    #[test]
    fn the_example_of_an_id_is_one() {
        let said = accepted("UUID parsing failed");
        let example = said.rsplit(' ').next().unwrap();
        assert_eq!(example.parse::<Uuid>().unwrap().to_string(), example);
    }
}
