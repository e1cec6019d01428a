//! `.deploy/tested.json`: the images that passed the tests, which is what `build` stands for in a promotion.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::cli::Record;
use crate::cluster::Cluster;
use crate::error::{PromoteError, say};
use crate::hook;
use crate::image_file::Digest;
use crate::program::{Call, Tools};
use crate::target;

/// The part of the tests that is all of them.
const ALL: &str = "all";
/// How evidence begins that leaves no test out.
const WHOLE: &str = "tests passed (all) ";
/// What it says of sources that are no commit's: nobody can look at what was tested.
const CHANGED: &str = " with changes on top";

/// Whether what a commit says as its evidence leaves no test out, and is about a commit.
pub(crate) fn is_whole(evidence: &str) -> bool {
    evidence.starts_with(WHOLE) && !evidence.contains(CHANGED)
}

/// What passed, and when.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Tested {
    /// The commit of the sources, or `unknown` outside a clone.
    pub(crate) commit: String,
    /// Whether something tracked was not as that commit has it.
    pub(crate) dirty: bool,
    pub(crate) time: Timestamp,
    /// Which tests passed.
    pub(crate) parts: Vec<String>,
    /// How what is named here is what was tested, where it is not the very image that ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) remark: Option<String>,
    /// `repository@digest` of each app, and of what looks at them.
    pub(crate) images: BTreeMap<String, String>,
}

/// Why it is not known what passed.
#[derive(Debug, thiserror::Error)]
pub enum TestedError {
    /// Nothing was recorded.
    #[error("{0} does not exist: no image has passed the tests yet")]
    Missing(PathBuf),
    /// The file says something else.
    #[error("{path} is malformed: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The app was not among what was tested.
    #[error("{path} names no image of {app} by a digest")]
    NotAmong {
        /// The file.
        path: PathBuf,
        /// The app.
        app: String,
    },
}

impl Tested {
    pub(crate) fn read(root: &Path) -> Result<Self, TestedError> {
        let path = path(root);
        let text = std::fs::read_to_string(&path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => TestedError::Missing(path.clone()),
            _ => TestedError::File {
                path: path.clone(),
                source,
            },
        })?;
        serde_json::from_str(&text).map_err(|error| TestedError::Malformed {
            path,
            reason: error.to_string(),
        })
    }

    /// The image of an app and its digest.
    pub(crate) fn image(&self, root: &Path, app: &str) -> Result<(&str, Digest), TestedError> {
        let image = self.images.get(app).map(String::as_str);
        let found = image.and_then(|image| Some((image, Digest::of_reference(image)?)));
        found.ok_or_else(|| TestedError::NotAmong {
            path: path(root),
            app: app.to_owned(),
        })
    }

    /// Whether this very digest passed.
    pub(crate) fn covers(&self, app: &str, digest: &Digest) -> bool {
        let image = self.images.get(app).map(String::as_str);
        image.and_then(Digest::of_reference).as_ref() == Some(digest)
    }

    /// In half a sentence.
    pub(crate) fn evidence(&self) -> String {
        let dirty = if self.dirty { CHANGED } else { "" };
        let remark = self.remark.as_ref().map(|remark| format!("; {remark}"));
        let (parts, time, commit) = (self.parts.join(", "), self.time, &self.commit);
        format!(
            "tests passed ({parts}) at {time} on commit {commit}{dirty}{}",
            remark.unwrap_or_default()
        )
    }

    /// Whether no test was left out, and what was tested is a commit.
    pub(crate) fn is_whole(&self) -> bool {
        self.leaves_none_out() && !self.dirty
    }

    /// Whether no test was left out.
    pub(crate) fn leaves_none_out(&self) -> bool {
        self.parts == [ALL]
    }
}

/// Notes what runs in the deployment under test as tested.
///
/// # Errors
/// When the cluster does not say what runs, or it is not well.
pub fn record_tested(
    order: &Record,
    tools: &Tools,
    out: &mut impl Write,
) -> Result<(), PromoteError> {
    let Some(recorded) = target::recorded(&order.root) else {
        return say(
            out,
            "No image is recorded as tested: what was tested was not deployed to a cluster.",
        );
    };
    let cluster = Cluster {
        context: recorded.context,
        kubectl: tools.kubectl.clone(),
    };
    let mut images = BTreeMap::new();
    for name in App::all(&order.root) {
        let app = App::find(&order.root, &name)?;
        let running = cluster
            .running(&app, &recorded.environment)
            .map_err(PromoteError::source(&name, &recorded.environment))?;
        images.insert(name, running.image);
    }
    if let Some(image) = recorded.probe_image {
        images.insert(hook::IMAGE.to_owned(), image);
    }
    let (commit, dirty) = sources(&order.root, tools);
    let tested = Tested {
        commit,
        dirty,
        time: now(),
        parts: order.parts.clone(),
        remark: None,
        images,
    };
    if let Ok(before) = Tested::read(&order.root)
        && before.is_whole()
        && !tested.is_whole()
        && before.images == tested.images
    {
        let sentence = format!(
            "Of these images more is known already: {}.",
            before.evidence()
        );
        return say(out, &sentence);
    }
    write(&order.root, &tested)?;
    let short =
        |image: &String| Digest::of_reference(image).map(|digest| digest.short().to_owned());
    let digests: Vec<_> = tested
        .images
        .iter()
        .map(|(app, image)| format!("{app} {}", short(image).unwrap_or_default()))
        .collect();
    say(
        out,
        &format!(
            "Recorded as tested, `build` of ./deploy.sh promote: {}.",
            digests.join(", ")
        ),
    )
}

/// Renamed into place, so that nobody reads half of it.
fn write(root: &Path, tested: &Tested) -> Result<(), TestedError> {
    let path = path(root);
    let failed = |source| TestedError::File {
        path: path.clone(),
        source,
    };
    let text = serde_json::to_string_pretty(tested).map_err(|error| failed(error.into()))?;
    let new = path.with_extension("json.new");
    std::fs::write(&new, text + "\n").map_err(failed)?;
    std::fs::rename(&new, &path).map_err(|source| TestedError::File {
        path: path.clone(),
        source,
    })
}

/// The commit of the sources, and whether they differ from it.
fn sources(root: &Path, tools: &Tools) -> (String, bool) {
    let git = |arguments: &[&str]| Call::of(&tools.git).within(root).with(arguments).output();
    match git(&["rev-parse", "HEAD"]) {
        Ok(commit) => {
            let changed = git(&["status", "--porcelain", "--untracked-files=no"]);
            (
                commit.trim().to_owned(),
                changed.is_ok_and(|changed| !changed.is_empty()),
            )
        }
        Err(_) => (String::from("unknown"), true),
    }
}

#[allow(clippy::disallowed_methods)] // It is the time of a real event that is written down.
fn now() -> Timestamp {
    Timestamp::now()
}

fn path(root: &Path) -> PathBuf {
    root.join(".deploy/tested.json")
}
