//! What is promoted: the digest that runs in an environment, or the one that passed the tests.

use std::fmt::{Display, Formatter};
use std::path::Path;

use crate::app::App;
use crate::cluster::Cluster;
use crate::environments::{Access, BUILD, Environment, Environments};
use crate::error::PromoteError;
use crate::hook::{self, Hook};
use crate::image_file::Digest;
use crate::program::Tools;
use crate::target;
use crate::tested::Tested;

/// What is promoted.
pub(crate) struct Source {
    pub(crate) digest: Digest,
    /// `repository@digest`, where it is pulled from there.
    pub(crate) image: String,
    /// What was seen of it, for a person.
    pub(crate) seen: String,
    /// The tests that this very digest passed, as far as this clone knows.
    pub(crate) tested: Option<Tested>,
}

impl Source {
    /// What this clone knows of its tests, and of those of the hook that goes with it.
    pub(crate) fn evidence(&self, hook: Option<&Hook>) -> Evidence {
        let Some(tested) = &self.tested else {
            return Evidence::Unknown;
        };
        match hook {
            Some(hook) if !tested.covers(hook::IMAGE, &hook.digest) => {
                let (hook, passed) = (hook.digest.short(), tested.evidence());
                Evidence::Partial(format!("without its hook {hook}: {passed}"))
            }
            _ => Evidence::of(tested),
        }
    }
}

/// What is known of the tests of a digest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Evidence {
    /// It passed all of them.
    Whole(String),
    /// It passed some, or sources passed that are no commit.
    Partial(String),
    Unknown,
}

impl Evidence {
    fn of(tested: &Tested) -> Self {
        let evidence = tested.evidence();
        if tested.is_whole() {
            Self::Whole(evidence)
        } else if tested.leaves_none_out() {
            Self::Partial(format!("of no commit: {evidence}"))
        } else {
            Self::Partial(format!("not all {evidence}"))
        }
    }
}

impl Display for Evidence {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(tests) | Self::Partial(tests) => f.write_str(tests),
            Self::Unknown => f.write_str("none"),
        }
    }
}

pub(crate) fn find(
    root: &Path,
    tools: &Tools,
    environments: &Environments,
    app: &App,
    from: &str,
) -> Result<Source, PromoteError> {
    if from == BUILD {
        return built(root, app);
    }
    let environment = environments.named(from)?;
    let Some(cluster) = cluster(root, tools, environment)? else {
        return Err(PromoteError::CannotAsk {
            from: from.to_owned(),
        });
    };
    let running = cluster
        .running(app, from)
        .map_err(PromoteError::source(&app.name, from))?;
    let tested = Tested::read(root).ok();
    let tested = tested.filter(|tested| tested.covers(&app.name, &running.digest));
    Ok(Source {
        seen: format!(
            "{} of {} replicas available",
            running.replicas, running.replicas
        ),
        tested,
        digest: running.digest,
        image: running.image,
    })
}

fn built(root: &Path, app: &App) -> Result<Source, PromoteError> {
    let tested = Tested::read(root)?;
    let (image, digest) = tested.image(root, &app.name)?;
    let image = image.to_owned();
    Ok(Source {
        digest,
        image,
        seen: tested.evidence(),
        tested: Some(tested),
    })
}

/// The cluster of an environment, if this machine has access to it.
pub(crate) fn cluster(
    root: &Path,
    tools: &Tools,
    environment: &Environment,
) -> Result<Option<Cluster>, PromoteError> {
    let by = |context: &str| Cluster {
        context: context.to_owned(),
        kubectl: tools.kubectl.clone(),
    };
    match environment.access() {
        Access::GitOnly => Ok(None),
        Access::Context(context) => Ok(Some(by(context))),
        Access::Recorded => match target::recorded(root) {
            Some(recorded) if recorded.environment == environment.name => {
                Ok(Some(by(&recorded.context)))
            }
            _ => Err(PromoteError::NotDeployed {
                environment: environment.name.clone(),
            }),
        },
    }
}
