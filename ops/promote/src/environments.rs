//! environments.yaml: which environments there are, how each is asked, and what may come into it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The name of what was built and tested, which comes before every environment.
pub const BUILD: &str = "build";
/// In the place of a context: the one that `./deploy.sh` deployed to.
const RECORDED: &str = "recorded";

/// All environments, in order.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Environments {
    environments: Vec<Environment>,
}

/// One environment.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Its name, which is that of its overlays.
    pub name: String,
    context: Option<String>,
    from: Vec<String>,
}

/// How an environment's cluster is asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Access<'a> {
    /// By this kube context.
    Context(&'a str),
    /// By the context that `./deploy.sh` recorded.
    Recorded,
    /// Not from this machine.
    GitOnly,
}

/// What is wrong with the file, or with what was asked of it.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentsError {
    /// It cannot be read.
    #[error("{path} cannot be read: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It says something else.
    #[error("environments.yaml is malformed: {0}")]
    Malformed(String),
    /// There is no such environment.
    #[error("there is no environment {name}; environments.yaml has {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// Those there are.
        known: String,
    },
    /// Nothing is promoted that way.
    #[error("{to} takes images from {allowed}, not from {from}: no environment is skipped")]
    NotAStep {
        /// Where the image should have come from.
        from: String,
        /// Where it should have gone.
        to: String,
        /// Where it may come from.
        allowed: String,
    },
}

impl Environments {
    /// Reads environments.yaml of a clone.
    ///
    /// # Errors
    /// When it is missing or malformed.
    pub fn read(root: &Path) -> Result<Self, EnvironmentsError> {
        let path = root.join("environments.yaml");
        let text = std::fs::read_to_string(&path)
            .map_err(|source| EnvironmentsError::Unreadable { path, source })?;
        Self::parse(&text)
    }

    /// Reads the text of environments.yaml.
    ///
    /// # Errors
    /// When it is malformed: a name twice, or a `from` that names nothing before it.
    pub fn parse(text: &str) -> Result<Self, EnvironmentsError> {
        let read: Self = serde_norway::from_str(text)
            .map_err(|error| EnvironmentsError::Malformed(error.to_string()))?;
        let mut before = BTreeSet::from([BUILD]);
        for environment in &read.environments {
            for from in &environment.from {
                if !before.contains(from.as_str()) {
                    let sentence = format!(
                        "{} takes images from {from}, which is not before it",
                        environment.name
                    );
                    return Err(EnvironmentsError::Malformed(sentence));
                }
            }
            if !before.insert(&environment.name) {
                let sentence = format!("{} is there twice", environment.name);
                return Err(EnvironmentsError::Malformed(sentence));
            }
        }
        Ok(read)
    }

    /// All environments, in order.
    #[must_use]
    pub fn all(&self) -> &[Environment] {
        &self.environments
    }

    /// The environment of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn named(&self, name: &str) -> Result<&Environment, EnvironmentsError> {
        let found = self.environments.iter().find(|found| found.name == name);
        found.ok_or_else(|| EnvironmentsError::Unknown {
            name: name.to_owned(),
            known: self.names().join(", "),
        })
    }

    /// The environment that is promoted to; what is promoted from must be one that it takes.
    ///
    /// # Errors
    /// When either is unknown, or nothing is promoted from the one to the other.
    pub fn step(&self, from: &str, to: &str) -> Result<&Environment, EnvironmentsError> {
        let to = self.named(to)?;
        if from != BUILD {
            self.named(from)?;
        }
        if to.from.iter().any(|allowed| allowed == from) {
            return Ok(to);
        }
        Err(EnvironmentsError::NotAStep {
            from: from.to_owned(),
            to: to.name.clone(),
            allowed: to.from.join(" or "),
        })
    }

    fn names(&self) -> Vec<&str> {
        let names = self.environments.iter();
        names.map(|environment| environment.name.as_str()).collect()
    }
}

impl Environment {
    /// How its cluster is asked.
    #[must_use]
    pub fn access(&self) -> Access<'_> {
        match self.context.as_deref() {
            None => Access::GitOnly,
            Some(RECORDED) => Access::Recorded,
            Some(context) => Access::Context(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, Environments};

    const FILE: &str = "environments:\n- {name: local, context: recorded, from: [build]}\n\
        - {name: dev, context: null, from: [local, build]}\n- {name: staging, context: gke, from: [dev]}\n";

    fn refusal(from: &str, to: &str) -> String {
        let environments = Environments::parse(FILE).unwrap();
        environments.step(from, to).unwrap_err().to_string()
    }

    #[test]
    fn each_environment_is_asked_in_its_own_way() {
        let environments = Environments::parse(FILE).unwrap();
        let access: Vec<_> = environments.all().iter().map(|one| one.access()).collect();
        assert_eq!(
            access,
            [Access::Recorded, Access::GitOnly, Access::Context("gke")]
        );
    }

    #[test]
    fn an_image_goes_to_an_environment_that_takes_it_from_there() {
        let environments = Environments::parse(FILE).unwrap();
        for (from, to) in [
            ("build", "local"),
            ("local", "dev"),
            ("build", "dev"),
            ("dev", "staging"),
        ] {
            assert_eq!(environments.step(from, to).unwrap().name, to);
        }
    }

    #[test]
    fn no_environment_is_skipped_and_none_is_gone_back_to() {
        let skipped = refusal("local", "staging");
        assert!(
            skipped.contains("staging takes images from dev, not from local"),
            "{skipped}"
        );
        assert!(refusal("build", "staging").contains("from dev"));
        assert!(refusal("dev", "local").contains("from build"));
        assert!(refusal("dev", "dev").contains("from local or build"));
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let known = "environments.yaml has local, dev, staging";
        assert!(refusal("local", "moon").contains(known));
        assert!(refusal("moon", "dev").contains(known));
    }

    #[test]
    fn a_file_that_goes_in_circles_is_refused() {
        let circle = "environments:\n- {name: a, context: null, from: [b]}\n- {name: b, context: null, from: [a]}\n";
        let twice = "environments:\n- {name: a, context: null, from: [build]}\n- {name: a, context: null, from: [build]}\n";
        assert!(
            Environments::parse(circle)
                .unwrap_err()
                .to_string()
                .contains("not before it")
        );
        assert!(
            Environments::parse(twice)
                .unwrap_err()
                .to_string()
                .contains("twice")
        );
    }
}
