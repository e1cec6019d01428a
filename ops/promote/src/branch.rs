//! The deployment branch, in a clone of its own that is gone afterwards: the working tree of whoever
//! promotes is not touched, and nothing is ever forced.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::program::{Call, ProgramError, Tools};
use crate::repository::{Person, printable, settings};
use crate::tested::is_whole;

/// A clone of the deployment branch.
pub(crate) struct Branch {
    git: PathBuf,
    name: String,
    folder: TempDir,
    /// Of the clone that this one stands beside.
    settings: Vec<(String, String)>,
}

/// Why the branch cannot be worked on.
#[derive(Debug, thiserror::Error)]
pub enum BranchError {
    /// No place for a clone.
    #[error("no folder for a clone of the deployment branch: {0}")]
    NoFolder(std::io::Error),
    /// It could not be cloned.
    #[error("the branch {branch} of {repository} cannot be read: {source}")]
    NotCloned {
        /// The branch.
        branch: String,
        /// Its repository.
        repository: String,
        /// What git said.
        source: ProgramError,
    },
    /// Git refused.
    #[error(transparent)]
    Git(#[from] ProgramError),
}

/// What became of a push.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Pushed {
    Done,
    /// Somebody else was quicker.
    Overtaken,
}

impl Branch {
    pub(crate) fn clone(
        tools: &Tools,
        root: &Path,
        repository: &str,
        name: &str,
    ) -> Result<Self, BranchError> {
        let branch = Self {
            git: tools.git.clone(),
            name: name.to_owned(),
            folder: tempfile::tempdir().map_err(BranchError::NoFolder)?,
            settings: settings(root, tools),
        };
        let wanted = ["clone", "--quiet", "--single-branch", "--branch", name];
        let cloned = branch
            .git()
            .with(wanted)
            .with(["--", repository, "."])
            .output();
        cloned.map_err(|source| BranchError::NotCloned {
            branch: name.to_owned(),
            repository: printable(repository),
            source,
        })?;
        Ok(branch)
    }

    /// The branch's files.
    pub(crate) fn tree(&self) -> &Path {
        self.folder.path()
    }

    /// Commits everything that was changed in the files.
    pub(crate) fn commit(&self, who: &Person, message: &str) -> Result<String, BranchError> {
        let call = self
            .git()
            .with(["commit", "--quiet", "--all", "--message", message])
            .variable("GIT_AUTHOR_NAME", &who.name)
            .variable("GIT_AUTHOR_EMAIL", &who.email)
            .variable("GIT_COMMITTER_NAME", &who.name)
            .variable("GIT_COMMITTER_EMAIL", &who.email);
        call.output()?;
        self.revision("HEAD")
    }

    /// Pushes the commit, unless others came between: then the files are theirs again, without it.
    pub(crate) fn push(&self) -> Result<Pushed, BranchError> {
        let target = format!("HEAD:refs/heads/{}", self.name);
        let Err(refused) = self
            .git()
            .with(["push", "--quiet", "origin", &target])
            .output()
        else {
            return Ok(Pushed::Done);
        };
        let ours = self.revision("HEAD^")?;
        self.git().with(["fetch", "--quiet", "origin"]).output()?;
        let theirs = format!("origin/{}", self.name);
        if self.revision(&theirs)? == ours {
            return Err(refused.into());
        }
        self.git()
            .with(["reset", "--quiet", "--hard", &theirs])
            .output()?;
        Ok(Pushed::Overtaken)
    }

    /// Whether the branch, as it is now, has `ours` at or before `revision`.
    pub(crate) fn includes(&self, revision: &str, ours: &str) -> bool {
        let includes = || {
            self.git()
                .with(["merge-base", "--is-ancestor", ours, revision])
                .output()
        };
        if revision == ours {
            return true;
        }
        // A revision that is not known here yet came later.
        let fetched = self.git().with(["fetch", "--quiet", "origin"]).output();
        fetched.is_ok() && !revision.is_empty() && includes().is_ok()
    }

    /// The test evidence with which this digest came to an environment, with this hook's if it has one, if a
    /// promotion brought it there with all of it.
    pub(crate) fn evidence(
        &self,
        app: &str,
        digest: &str,
        hook: Option<&str>,
        environment: &str,
    ) -> Option<String> {
        let format = "--format=%(trailers:key=Promoted-App,valueonly)%(trailers:key=Promoted-To,valueonly)%(trailers:key=Test-Evidence,valueonly,unfold)%(trailers:key=Promoted-Hook,valueonly)%x00";
        let found = self
            .git()
            .with([
                "log",
                "--fixed-strings",
                "--grep",
                &format!("Promoted-Digest: {digest}"),
                format,
            ])
            .output()
            .ok()?;
        found.split('\0').find_map(|trailers| {
            let mut lines = trailers.trim_start().lines();
            let is_it = lines.next() == Some(app) && lines.next() == Some(environment);
            let evidence = lines.next().filter(|_| is_it)?;
            (lines.next() == hook && is_whole(evidence)).then(|| evidence.to_owned())
        })
    }

    fn revision(&self, name: &str) -> Result<String, BranchError> {
        let found = self.git().with(["rev-parse", "--verify", name]).output()?;
        Ok(found.trim().to_owned())
    }

    fn git(&self) -> Call {
        let call = Call::of(&self.git).within(self.folder.path());
        let first = lent();
        let count = first + self.settings.len();
        let numbered = (first..).zip(&self.settings);
        numbered.fold(
            call.variable("GIT_CONFIG_COUNT", &count.to_string()),
            |call, (number, (key, value))| {
                call.variable(&format!("GIT_CONFIG_KEY_{number}"), key)
                    .variable(&format!("GIT_CONFIG_VALUE_{number}"), value)
            },
        )
    }
}

/// How many settings whoever called lends to every git by variables, a token among them perhaps. They hold
/// here too, so the clone's own are counted on from there.
fn lent() -> usize {
    let count = std::env::var("GIT_CONFIG_COUNT");
    count.ok().and_then(|count| count.parse().ok()).unwrap_or(0)
}
