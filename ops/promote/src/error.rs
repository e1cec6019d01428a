//! Why nothing was promoted, and what to do next.

use std::io::Write;
use std::process::ExitCode;

use crate::app::AppError;
use crate::branch::BranchError;
use crate::cluster::ClusterError;
use crate::environments::{BUILD, EnvironmentsError};
use crate::image_file::ImageFileError;
use crate::program::ProgramError;
use crate::tested::TestedError;

/// Why nothing was promoted.
#[derive(Debug, thiserror::Error)]
pub enum PromoteError {
    /// An environment is not what it should be.
    #[error(transparent)]
    Environments(#[from] EnvironmentsError),
    /// An app is not what it should be.
    #[error(transparent)]
    App(#[from] AppError),
    /// It is not known what passed the tests.
    #[error(transparent)]
    Tested(#[from] TestedError),
    /// What runs cannot be asked.
    #[error("what runs in {from} cannot be asked: environments.yaml gives it no kube context")]
    CannotAsk {
        /// The environment that should be promoted from.
        from: String,
    },
    /// The environment is the one that was deployed to, and none was.
    #[error("nothing is deployed as {environment} from this clone")]
    NotDeployed {
        /// The environment.
        environment: String,
    },
    /// What runs is not promoted.
    #[error("{app} in {from} is not promoted: {source}")]
    Source {
        /// The app.
        app: String,
        /// The environment that should be promoted from.
        from: String,
        /// Why not.
        source: Box<ClusterError>,
    },
    /// Nothing says that it passed all tests.
    #[error("{app} in {from} is not promoted: of {digest} the test evidence is: {evidence}")]
    NotTested {
        /// The app.
        app: String,
        /// The environment that should be promoted from.
        from: String,
        /// Its digest, shortened.
        digest: String,
        /// What is known.
        evidence: String,
    },
    /// Nobody knows what looks at it after a sync.
    #[error(
        "{app} in {from} is not promoted: what looks at it after each sync has no digest that is known"
    )]
    NoHook {
        /// The app.
        app: String,
        /// The environment that should be promoted from.
        from: String,
    },
    /// Nobody knows where the branch is.
    #[error("no repository with the deployment branch is known")]
    NoRepository,
    /// The branch cannot be worked on.
    #[error(transparent)]
    Branch(#[from] BranchError),
    /// Rendering failed.
    #[error(transparent)]
    Render(#[from] manifests::KubectlError),
    /// A program failed.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The overlay's file cannot be edited.
    #[error("{path} on the deployment branch: {source}")]
    ImageFile {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: ImageFileError,
    },
    /// A file of the clone cannot be used.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// The digest is not rendered.
    #[error(
        "{folder} renders another image of {image} than the overlay's file names, so the promotion would do nothing"
    )]
    NotRendered {
        /// What was rendered.
        folder: String,
        /// The image's name in the base.
        image: String,
    },
    /// Others were quicker each time.
    #[error(
        "others pushed to the deployment branch each of {0} times that this promotion was about to"
    )]
    Overtaken(u32),
    /// The cluster does not say whether it arrived.
    #[error(
        "the commit is on the deployment branch, but {environment} does not say whether it has arrived: {source}"
    )]
    Arrival {
        /// The environment.
        environment: String,
        /// Why not.
        source: Box<ClusterError>,
    },
    /// It did not arrive in time.
    #[error(
        "the commit is on the deployment branch, but {app} is not well in {environment} after {seconds} s: {missing}"
    )]
    NotArrived {
        /// The app.
        app: String,
        /// The environment.
        environment: String,
        /// How long was waited.
        seconds: u64,
        /// What was not there.
        missing: String,
    },
    /// Nobody listens.
    #[error("standard output is closed: {0}")]
    Closed(std::io::Error),
}

impl PromoteError {
    /// For `map_err`: what is not well in the environment that should be promoted from.
    pub(crate) fn source(app: &str, from: &str) -> impl FnOnce(ClusterError) -> Self {
        let (app, from) = (app.to_owned(), from.to_owned());
        move |source| Self::Source {
            app,
            from,
            source: Box::new(source),
        }
    }

    /// For `map_err`: the environment that was promoted to cannot be asked.
    pub(crate) fn arrival(environment: &str) -> impl FnOnce(ClusterError) -> Self {
        let environment = environment.to_owned();
        move |source| Self::Arrival {
            environment,
            source: Box::new(source),
        }
    }

    /// What to do next, where that is not plain.
    fn advice(&self) -> Option<String> {
        match self {
            Self::Tested(_) => Some(String::from(
                "Deploy to a cluster and have ./test.sh pass there: ./deploy.sh && ./test.sh",
            )),
            Self::CannotAsk { from } => Some(format!(
                "On a machine that has access to the cluster of {from}, name its kube context there."
            )),
            Self::NotDeployed { .. } => {
                Some(String::from("Deploy to a cluster first: ./deploy.sh"))
            }
            Self::Source { from, .. } => Some(format!(
                "Mend {from} first, or wait until it is well there, then promote again."
            )),
            Self::NotTested { .. } => Some(String::from(
                "Deploy that very image to a cluster and have all tests pass there: ./deploy.sh && ./test.sh\n       \
                 Or say why it goes on all the same, for the commit to name: --without-evidence REASON",
            )),
            Self::NoHook { from, .. } if from == BUILD => Some(String::from(
                "Deploy to a cluster and have ./test.sh pass there: ./deploy.sh && ./test.sh",
            )),
            Self::NoHook { app, from } => Some(format!(
                "The deployment branch names it as `probe` in overlays/{from}/image, beside the digest that runs there: \
                 promote {app} into {from} again, or deploy it there through Argo CD."
            )),
            Self::NoRepository => Some(String::from(
                "Name it: DEPLOY_REPOSITORY=URL ./deploy.sh promote ..., or give this clone a remote named origin.",
            )),
            Self::Branch(BranchError::NotCloned { .. }) => Some(String::from(
                "./deploy.sh makes the branch when it deploys to a cluster with Argo CD.",
            )),
            Self::NotRendered { .. } => Some(String::from(
                "Let only the file image/kustomization.yaml of the overlay name the image.",
            )),
            Self::Overtaken(_) => Some(String::from("Nothing was changed. Try again.")),
            Self::NotArrived {
                app, environment, ..
            } => Some(format!(
                "What ran before goes on running. Look closer: kubectl --namespace argocd describe application {app}-{environment}\n       \
                 Take it back: git revert, on the deployment branch."
            )),
            _ => None,
        }
    }

    /// Says what is wrong and what to do next.
    pub fn complain(&self, out: &mut impl Write) -> ExitCode {
        // Nobody is left to be told of an error stream that is closed.
        let _ = writeln!(out, "error: {self}");
        if let Some(advice) = self.advice() {
            let _ = writeln!(out, "       {advice}");
        }
        ExitCode::FAILURE
    }
}

/// One line of progress.
pub(crate) fn say(out: &mut impl Write, line: &str) -> Result<(), PromoteError> {
    writeln!(out, "{line}").map_err(PromoteError::Closed)
}
