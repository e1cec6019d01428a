//! The branch that Argo CD follows, in a clone that is gone afterwards. Every commit of these checks is
//! acceptance's own, and by that what they did is found and undone, also after a run that was killed. Nothing
//! is ever forced: what is undone is undone by another commit.

mod followers;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::Command;

use crate::failure::{Failure, ensure};
use crate::target::ArgoCd;

const NAME: &str = "acceptance";
const EMAIL: &str = "acceptance@invoice-platform.example";
/// The trailer of a commit after which the branch is as it was before acceptance's own.
const RESTORED: &str = "Acceptance: restored";
/// Far more than a run makes.
const LOOK_BACK: usize = 200;
/// Somebody else may push meanwhile.
const ATTEMPTS: usize = 3;

/// A clone of the deployment branch.
pub(crate) struct Branch {
    folder: TempDir,
    name: String,
}

/// Undoes what acceptance committed last and did not undo; gives the commit that does so.
pub(crate) async fn restore(argocd: &ArgoCd) -> Result<Option<String>, Failure> {
    Branch::clone(argocd).await?.restore().await
}

impl Branch {
    /// A clone for commits that are tried and taken back, unless the Argo CD of another environment follows the
    /// branch: it would deploy them too.
    pub(crate) async fn for_trials(argocd: &ArgoCd, environment: &str) -> Result<Self, Failure> {
        let branch = Self::clone(argocd).await?;
        let others = followers::besides(environment, branch.folder(), &branch.name)
            .map_err(Failure::machine("look who follows the deployment branch"))?;
        if others.is_empty() {
            return Ok(branch);
        }
        Err(Failure::NotHere(format!(
            "Argo CD of {} follows branch {} too, and would deploy what this commits to try it; deploy from a repository \
             of this environment's own (GIT_SERVER)",
            others.join(", "),
            branch.name
        )))
    }

    async fn clone(argocd: &ArgoCd) -> Result<Self, Failure> {
        let folder = tempfile::tempdir().map_err(Failure::machine("make a folder for a clone"))?;
        let branch = Self {
            folder,
            name: argocd.branch.clone(),
        };
        let (wanted, repository) = (&argocd.branch, &argocd.repository);
        let arguments = [
            "clone",
            "--quiet",
            "--single-branch",
            "--branch",
            wanted,
            "--",
            repository,
            ".",
        ];
        branch.git(&arguments).await?;
        branch.git(&["config", "user.name", NAME]).await?;
        branch.git(&["config", "user.email", EMAIL]).await?;
        Ok(branch)
    }

    /// Where its files are.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Reads a file.
    pub(crate) fn read(&self, name: &str) -> Result<String, Failure> {
        let path = self.path(name);
        std::fs::read_to_string(path).map_err(Failure::machine(format!(
            "read {name} of the deployment branch"
        )))
    }

    /// Writes a file, and the folders that it needs.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.path(name);
        let doing = || Failure::machine(format!("write {name}"));
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(doing())?;
        }
        std::fs::write(path, text).map_err(doing())
    }

    /// Deletes a file.
    pub(crate) fn remove(&self, name: &str) -> Result<(), Failure> {
        std::fs::remove_file(self.path(name)).map_err(Failure::machine(format!("delete {name}")))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Commits everything as it is, or nothing, and pushes that; gives the commit.
    pub(crate) async fn commit(&self, why: &str) -> Result<String, Failure> {
        self.git(&["add", "--all"]).await?;
        let message = format!("Acceptance: {why}\n\nAcceptance: trial\n");
        self.git(&["commit", "--quiet", "--allow-empty", "--message", &message])
            .await?;
        self.push().await
    }

    /// Reverts a commit and pushes that; gives the commit that does so.
    pub(crate) async fn revert(&self, commit: &str) -> Result<String, Failure> {
        self.git(&["revert", "--no-edit", commit]).await?;
        self.push().await
    }

    /// Takes up what others pushed.
    pub(crate) async fn catch_up(&self) -> Result<(), Failure> {
        self.git(&["pull", "--quiet", "--ff-only"]).await.map(drop)
    }

    /// What the latest commit says.
    pub(crate) async fn message(&self) -> Result<String, Failure> {
        self.git(&["log", "-1", "--format=%B"]).await
    }

    /// The latest commit.
    pub(crate) async fn head(&self) -> Result<String, Failure> {
        Ok(self.git(&["rev-parse", "HEAD"]).await?.trim().to_owned())
    }

    /// Brings the files back to what they were before acceptance's own commits, by one more.
    pub(crate) async fn restore(&self) -> Result<Option<String>, Failure> {
        let limit = format!("--max-count={LOOK_BACK}");
        let format = "--format=%H%x09%ae%x09%(trailers:key=Acceptance,valueonly,separator=%x2C)";
        let log = self.git(&["log", "--first-parent", &limit, format]).await?;
        let good = last_good(&log).ok_or_else(|| {
            Failure::wrong("no commit of the deployment branch is older than acceptance's own")
        })?;
        let head = self.head().await?;
        let trees = self
            .git(&["rev-parse", &format!("{good}^{{tree}}"), "HEAD^{tree}"])
            .await?;
        let mut trees = trees.lines();
        if good == head || trees.next() == trees.next() {
            return Ok(None);
        }
        self.git(&["read-tree", "-u", "--reset", &good]).await?;
        let message = format!("Acceptance: everything as it was\n\n{RESTORED}\n");
        self.git(&["commit", "--quiet", "--message", &message])
            .await?;
        self.push().await.map(Some)
    }

    async fn push(&self) -> Result<String, Failure> {
        let target = format!("HEAD:refs/heads/{}", self.name);
        let mut refused = None;
        for _ in 0..ATTEMPTS {
            match self.git(&["push", "--quiet", "origin", &target]).await {
                Ok(_) => return self.head().await,
                Err(failure) => refused = Some(failure),
            }
            self.git(&["pull", "--quiet", "--rebase"]).await?;
        }
        Err(refused.unwrap_or_else(|| Failure::wrong("nothing was pushed")))
    }

    async fn git(&self, arguments: &[&str]) -> Result<String, Failure> {
        let mut git = Command::new("git");
        git.current_dir(self.folder.path())
            .args(arguments)
            .env("GIT_TERMINAL_PROMPT", "0")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let what = arguments.first().copied().unwrap_or_default();
        let output = git
            .output()
            .await
            .map_err(Failure::machine(format!("run git {what}")))?;
        ensure(output.status.success(), || {
            format!(
                "git {what}: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            )
        })?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// The newest commit that is somebody else's, or after which everything was restored. Of a line's three
/// columns the second is its author's address and the third its trailer.
fn last_good(log: &str) -> Option<String> {
    log.lines().find_map(|line| {
        let mut columns = line.split('\t');
        let (commit, author) = (columns.next()?, columns.next()?);
        let restored = columns.next() == Some("restored");
        (author != EMAIL || restored).then(|| commit.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::{Branch, EMAIL, last_good, restore};
    use crate::failure::Failure;
    use crate::target::ArgoCd;
    use std::path::Path;
    use std::process::Command;

    fn git(folder: &Path, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .current_dir(folder)
            .args(arguments)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// All that the folder holds, as somebody else.
    fn commit(folder: &Path, message: &str) {
        git(folder, &["add", "."]);
        let somebody = ["-c", "user.name=o", "-c", "user.email=o@x"];
        let commit = ["commit", "--quiet", "--message", message];
        git(folder, &[&somebody[..], &commit[..]].concat());
    }

    /// A repository whose branch `deploy` has one commit of somebody else's.
    fn repository(folder: &Path) -> ArgoCd {
        let seed = folder.join("seed");
        std::fs::create_dir(&seed).unwrap();
        git(&seed, &["init", "--quiet", "--initial-branch", "deploy"]);
        std::fs::write(seed.join("image"), "good\n").unwrap();
        commit(&seed, "Seed");
        git(
            folder,
            &["clone", "--quiet", "--bare", "seed", "repository.git"],
        );
        ArgoCd {
            namespace: String::from("argocd"),
            repository: folder.join("repository.git").display().to_string(),
            branch: String::from("deploy"),
            applications: Vec::new(),
        }
    }

    #[test]
    fn the_last_good_commit_is_before_all_of_acceptances_own_that_were_not_undone() {
        let own = |name: &str, trailer: &str| format!("{name}\t{EMAIL}\t{trailer}\n");
        let others = "c\to@x\t\n";
        assert_eq!(last_good(others).as_deref(), Some("c"));
        let trial = format!("{}{}{others}", own("e", "trial"), own("d", "trial"));
        assert_eq!(last_good(&trial).as_deref(), Some("c"));
        let undone = format!("{}{}{others}", own("e", "restored"), own("d", "trial"));
        assert_eq!(last_good(&undone).as_deref(), Some("e"));
        assert_eq!(last_good(&own("e", "trial")), None);
    }

    #[tokio::test]
    async fn what_a_killed_run_committed_is_undone_once() {
        let folder = tempfile::tempdir().unwrap();
        let argocd = repository(folder.path());
        let branch = Branch::clone(&argocd).await.unwrap();
        branch.write("image", "bad\n").unwrap();
        branch.write("more/of/it", "bad\n").unwrap();
        branch.commit("a trial").await.unwrap();
        branch.commit("another").await.unwrap();

        let restored = restore(&argocd).await.unwrap();
        assert!(restored.is_some());
        branch.catch_up().await.unwrap();
        assert_eq!(branch.read("image").unwrap(), "good\n");
        assert!(branch.read("more/of/it").is_err());
        assert_eq!(restore(&argocd).await.unwrap(), None);
    }

    #[tokio::test]
    async fn somebody_elses_commit_on_top_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let argocd = repository(folder.path());
        let branch = Branch::clone(&argocd).await.unwrap();
        branch.write("image", "bad\n").unwrap();
        branch.commit("a trial").await.unwrap();
        let other = folder.path().join("other");
        git(
            folder.path(),
            &[
                "clone",
                "--quiet",
                "--branch",
                "deploy",
                "repository.git",
                "other",
            ],
        );
        std::fs::write(other.join("image"), "theirs\n").unwrap();
        commit(&other, "Theirs");
        git(&other, &["push", "--quiet"]);
        assert_eq!(restore(&argocd).await.unwrap(), None);
        branch.catch_up().await.unwrap();
        assert_eq!(branch.read("image").unwrap(), "theirs\n");
    }

    #[tokio::test]
    async fn nothing_is_tried_on_a_branch_that_another_environment_follows() {
        let folder = tempfile::tempdir().unwrap();
        let argocd = repository(folder.path());
        let branch = Branch::for_trials(&argocd, "local").await.unwrap();
        let root = "clusters/dev/argocd/kustomization.yaml";
        branch.write(root, "- branch=deploy\n").unwrap();
        branch.commit("another environment").await.unwrap();
        Branch::for_trials(&argocd, "dev").await.unwrap();
        let Err(Failure::NotHere(why)) = Branch::for_trials(&argocd, "local").await else {
            panic!("it can be committed to")
        };
        assert!(
            why.contains("Argo CD of dev follows branch deploy"),
            "{why}"
        );
    }

    #[tokio::test]
    async fn a_revert_brings_the_files_before_back() {
        let folder = tempfile::tempdir().unwrap();
        let argocd = repository(folder.path());
        let branch = Branch::clone(&argocd).await.unwrap();
        branch.write("image", "bad\n").unwrap();
        let commit = branch.commit("a trial").await.unwrap();
        let reverted = branch.revert(&commit).await.unwrap();
        assert_eq!(branch.read("image").unwrap(), "good\n");
        assert_eq!(
            git(
                folder.path(),
                &["-C", "repository.git", "rev-parse", "deploy"]
            )
            .trim(),
            reverted
        );
    }
}
