//! What `--help` prints.

use std::fmt::Write;

use super::{Environment, Variable};

const WIDTH: usize = 96;
const INDENT: &str = "      ";

/// The variables as text: name and default on one line, the meaning below.
#[must_use]
pub fn help(variables: &[Variable], environment: &Environment) -> String {
    let width = variables
        .iter()
        .map(|variable| variable.field.len())
        .max()
        .unwrap_or(0);
    variables.iter().fold(String::new(), |mut text, variable| {
        let name = variable.name();
        let default = match environment.program_default(&name).or(variable.default) {
            Some(value) => format!("default: {value}"),
            None if variable.optional => "may be left out".to_owned(),
            None => "must be set".to_owned(),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "  {name:<width$}  {default}\n{}",
            wrap(&variable.sentence())
        );
        text
    })
}

fn wrap(sentence: &str) -> String {
    let mut lines = vec![String::from(INDENT)];
    for word in sentence.split_whitespace() {
        let line = lines
            .last_mut()
            .filter(|line| line.len() + word.len() < WIDTH);
        match line {
            Some(line) if line == INDENT => line.push_str(word),
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(format!("{INDENT}{word}")),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_align_and_long_meanings_wrap() {
        const LONG: &str = "A meaning of so many words that it does not fit on one line of a terminal, however wide people like to have their terminals these days.";
        let variables = [
            Variable {
                field: "a",
                default: Some("1"),
                optional: false,
                meaning: &[" Short."],
            },
            Variable {
                field: "longer_name",
                default: None,
                optional: false,
                meaning: &[LONG],
            },
            Variable {
                field: "unneeded",
                default: None,
                optional: true,
                meaning: &[" Short."],
            },
        ];
        let text = help(&variables, &Environment::default());
        assert!(
            text.starts_with(
                "  A            default: 1\n      Short.\n  LONGER_NAME  must be set\n"
            ),
            "{text}"
        );
        assert!(text.lines().all(|line| line.len() <= WIDTH));
        assert!(
            text.ends_with("  UNNEEDED     may be left out\n      Short.\n"),
            "{text}"
        );
    }
}
