//! The declaration of settings, and how one variable is read.

use serde::de::DeserializeOwned;

use super::{ConfigError, Environment, Variable};

/// A struct of settings, made by [`settings!`](crate::settings).
pub trait Settings: Sized {
    /// Every variable that it reads, in the order of their declaration.
    fn variables() -> Vec<Variable>;

    /// Reads all of them.
    ///
    /// # Errors
    /// Every variable that is missing or wrong, not just the first.
    fn read(environment: &Environment) -> Result<Self, Vec<ConfigError>>;
}

/// Reads the one variable that `One`, a struct of one field, names.
///
/// One at a time, because envy's errors for anything but numbers do not say which variable they
/// are about.
///
/// # Errors
/// [`ConfigError`] when it is missing without a default, or cannot be parsed.
pub fn read_variable<One: DeserializeOwned>(
    environment: &Environment,
    variable: &Variable,
) -> Result<One, ConfigError> {
    let name = variable.name();
    if environment.is_unreadable(&name) {
        return Err(ConfigError {
            name,
            wrong: "is wrong: it is not UTF-8".to_owned(),
            meaning: variable.sentence(),
        });
    }
    let value = environment
        .get(&name)
        .or_else(|| environment.program_default(&name))
        .or(variable.default)
        .map(|value| (name.clone(), value.to_owned()));
    envy::from_iter(value).map_err(|error| ConfigError {
        wrong: match error {
            envy::Error::MissingValue(_) => "is not set, and has no default".to_owned(),
            envy::Error::Custom(reason) => format!("is wrong: {}", in_plain_words(&reason)),
        },
        name,
        meaning: variable.sentence(),
    })
}

/// Errors about numbers speak of Rust's types, and repeat the value, which may be a password in the
/// wrong place.
fn in_plain_words(reason: &str) -> &str {
    let reason = reason
        .split(" while parsing value")
        .next()
        .unwrap_or(reason);
    if reason.contains("expected a nonzero") {
        return "it must be more than 0";
    }
    match reason {
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            "it must be a whole number"
        }
        "number too large to fit in target type" => "it is too large a number",
        "number too small to fit in target type" => "it is too small a number",
        other => other,
    }
}

/// Declares a struct of settings: every field is an environment variable (its name in capitals),
/// its doc comment is the meaning that `--help` prints, `= "…"` its default as it would be typed.
/// A field of type `Option` may be left out; any other without a default must be set.
///
/// ```
/// chassis::settings! {
///     /// How the door is kept.
///     pub struct Door {
///         /// How many may come in at once.
///         pub max_guests: u32 = "10",
///         /// Who is never let in.
///         pub unwanted: Option<String>,
///     }
/// }
/// use chassis::config::{Environment, Settings};
/// let door = Door::read(&Environment::of([("MAX_GUESTS", "12")])).unwrap();
/// assert_eq!((door.max_guests, door.unwanted), (12, None));
/// ```
#[macro_export]
macro_rules! settings {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident {
            $( $(#[doc = $meaning:literal])* pub $field:ident : $type:ty $(= $default:literal)? , )*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone)]
        #[allow(clippy::struct_field_names)] // They are the variables' names.
        pub struct $name {
            $( $(#[doc = $meaning])* pub $field: $type, )*
        }

        impl $crate::config::Settings for $name {
            fn variables() -> Vec<$crate::config::Variable> {
                vec![$( $crate::config::Variable {
                    field: stringify!($field),
                    default: None$(.or(Some($default)))?,
                    optional: stringify!($type).starts_with("Option"),
                    meaning: &[$($meaning),*],
                } ),*]
            }

            #[allow(clippy::items_after_statements)] // A struct for each field, where it is read.
            fn read(environment: &$crate::config::Environment) -> Result<Self, Vec<$crate::config::ConfigError>> {
                let mut errors = Vec::new();
                let variables = Self::variables();
                let mut variables = variables.iter();
                $(
                    #[derive(serde::Deserialize)]
                    #[allow(non_camel_case_types)] // In the field's name.
                    struct $field { $field: $type }
                    let $field = variables.next().and_then(|variable| {
                        $crate::config::read_variable::<$field>(environment, variable)
                            .map_err(|error| errors.push(error))
                            .ok()
                    });
                )*
                let ($(Some($field),)*) = ($($field,)*) else { return Err(errors) };
                Ok(Self { $( $field: $field.$field ),* })
            }
        }
    };
}

/// Declares a program's configuration: a struct whose fields are structs of settings.
#[macro_export]
macro_rules! configuration {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident {
            $( $(#[$field_attribute:meta])* pub $field:ident : $type:ty , )*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone)]
        pub struct $name {
            $( $(#[$field_attribute])* pub $field: $type, )*
        }

        impl $crate::config::Settings for $name {
            fn variables() -> Vec<$crate::config::Variable> {
                [$( <$type as $crate::config::Settings>::variables() ),*].concat()
            }

            fn read(environment: &$crate::config::Environment) -> Result<Self, Vec<$crate::config::ConfigError>> {
                let mut errors = Vec::new();
                $(
                    let $field = <$type as $crate::config::Settings>::read(environment)
                        .map_err(|wrong| errors.extend(wrong))
                        .ok();
                )*
                let ($(Some($field),)*) = ($($field,)*) else { return Err(errors) };
                Ok(Self { $( $field ),* })
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Duration, Secret};

    crate::settings! {
        /// One of each.
        pub struct Sample {
            /// Where to listen.
            pub sample_address: std::net::SocketAddr = "127.0.0.1:1",
            /// How many.
            pub sample_count: u16 = "3",
            /// How many parts.
            pub sample_parts: std::num::NonZeroUsize = "4",
            /// How long.
            pub sample_time: Duration = "2s",
            /// What nobody may see.
            pub sample_password: Secret,
            /// What may be left out.
            pub sample_option: Option<u16>,
        }
    }

    fn read<const N: usize>(variables: [(&str, &str); N]) -> Result<Sample, Vec<ConfigError>> {
        Sample::read(&Environment::of(variables))
    }

    #[test]
    fn defaults_stand_in_for_what_is_not_set() {
        let sample = read([("SAMPLE_PASSWORD", "x"), ("SAMPLE_COUNT", "")]).unwrap();
        assert_eq!(sample.sample_address.port(), 1);
        assert_eq!(sample.sample_count, 3);
        assert_eq!(sample.sample_parts.get(), 4);
        assert_eq!(sample.sample_time.get(), std::time::Duration::from_secs(2));
        assert_eq!(sample.sample_option, None);
    }

    #[test]
    fn a_programs_own_default_stands_before_the_declarations() {
        let environment =
            Environment::of([("SAMPLE_PASSWORD", "x")]).with_defaults(&[("SAMPLE_COUNT", "7")]);
        assert_eq!(Sample::read(&environment).unwrap().sample_count, 7);
    }

    #[test]
    fn every_wrong_variable_is_named_at_once() {
        let errors = read([
            ("SAMPLE_ADDRESS", "nowhere"),
            ("SAMPLE_COUNT", "70000"),
            ("SAMPLE_TIME", "soon"),
        ])
        .unwrap_err();
        let names: Vec<_> = errors.iter().map(|error| error.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "SAMPLE_ADDRESS",
                "SAMPLE_COUNT",
                "SAMPLE_TIME",
                "SAMPLE_PASSWORD"
            ]
        );
        assert!(
            errors[3].to_string().contains("is not set"),
            "{}",
            errors[3]
        );
    }

    #[test]
    fn what_is_wrong_with_a_number_is_said_in_plain_words() {
        for (variable, value, said) in [
            ("SAMPLE_COUNT", "many", "it must be a whole number"),
            ("SAMPLE_COUNT", "-1", "it must be a whole number"),
            ("SAMPLE_COUNT", "70000", "it is too large a number"),
            ("SAMPLE_PARTS", "0", "it must be more than 0"),
        ] {
            let errors = read([("SAMPLE_PASSWORD", "x"), (variable, value)]).unwrap_err();
            assert_eq!(errors[0].wrong, format!("is wrong: {said}"), "{value}");
        }
    }

    #[test]
    fn what_may_be_left_out_is_known() {
        let optional: Vec<_> = Sample::variables()
            .iter()
            .filter(|variable| variable.optional)
            .map(Variable::name)
            .collect();
        assert_eq!(optional, ["SAMPLE_OPTION"]);
    }

    #[test]
    fn a_wrong_value_is_not_repeated() {
        let errors = read([("SAMPLE_PASSWORD", "x"), ("SAMPLE_COUNT", "hunter2")]).unwrap_err();
        assert_eq!(errors.len(), 1);
        assert!(!errors[0].to_string().contains("hunter2"), "{}", errors[0]);
    }

    #[test]
    fn a_secret_is_never_printed() {
        let sample = read([("SAMPLE_PASSWORD", "hunter2")]).unwrap();
        assert!(!format!("{sample:?}").contains("hunter2"));
        assert_eq!(sample.sample_password.expose(), "hunter2");
    }
}
