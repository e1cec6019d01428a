//! What looks at an app after each sync is a program with an image of its own. It goes from one environment to the
//! next with the app, in the same commit.

use crate::app::App;
use crate::branch::Branch;
use crate::cli::Order;
use crate::environments::BUILD;
use crate::error::PromoteError;
use crate::image_file::{Digest, Image};
use crate::source::Source;
use crate::tested::Tested;

/// The name of its image in the base.
pub(crate) const IMAGE: &str = "probe";

/// The hook's image where the app is promoted from.
pub(crate) struct Hook {
    pub(crate) digest: Digest,
    /// `repository@digest`, where it is pulled from there.
    pub(crate) image: String,
}

impl Hook {
    fn of_reference(image: &str) -> Option<Self> {
        let digest = Digest::of_reference(image)?;
        Some(Self {
            digest,
            image: image.to_owned(),
        })
    }
}

/// The hook that goes with what is promoted; `None` where the branch's manifests have none for the app.
pub(crate) fn find(
    order: &Order,
    app: &App,
    source: &Source,
    branch: &Branch,
) -> Result<Option<Hook>, PromoteError> {
    if !app.has_hook(branch.tree())? {
        return Ok(None);
    }
    let named = match order.from.as_str() {
        BUILD => None,
        from => beside(app, source, branch, from)?,
    };
    let found = named.or_else(|| tested_with(source.tested.as_ref()?));
    found.map(Some).ok_or_else(|| PromoteError::NoHook {
        app: app.name.clone(),
        from: order.from.clone(),
    })
}

/// It is gone once it succeeded, so no cluster can be asked: what runs in an environment has the hook that the
/// branch names beside it. Where the branch names another image than what runs, neither is of that sync.
fn beside(
    app: &App,
    source: &Source,
    branch: &Branch,
    from: &str,
) -> Result<Option<Hook>, PromoteError> {
    let path = app.image_file(from);
    let text = std::fs::read_to_string(branch.tree().join(&path));
    let text = text.map_err(|source| PromoteError::File {
        path: path.clone(),
        source,
    })?;
    let find = |name| {
        Image::find(&text, name).map_err(|source| PromoteError::ImageFile {
            path: path.clone(),
            source,
        })
    };
    if !find(&app.name)?.is_some_and(|image| image.has(&source.digest)) {
        return Ok(None);
    }
    Ok(find(IMAGE)?.and_then(|image| {
        let digest = image.digest()?;
        Hook::of_reference(&format!("{}@{digest}", image.repository()))
    }))
}

/// The one that was there when the app's image passed the tests.
fn tested_with(tested: &Tested) -> Option<Hook> {
    Hook::of_reference(tested.images.get(IMAGE)?)
}
