//! What a change of a file changes in what is rendered.

use crate::error::PromoteError;
use crate::program::{Call, Tools};

/// The lines that git shows of two texts, without the header that names them.
pub(crate) fn between(tools: &Tools, before: &str, after: &str) -> Result<String, PromoteError> {
    let folder = tempfile::tempdir().map_err(|source| PromoteError::File {
        path: String::from("a folder for the rendered manifests"),
        source,
    })?;
    for (name, text) in [("before", before), ("after", after)] {
        std::fs::write(folder.path().join(name), text).map_err(|source| PromoteError::File {
            path: name.to_owned(),
            source,
        })?;
    }
    let call = Call::of(&tools.git).within(folder.path());
    let call = call.with([
        "diff",
        "--no-index",
        "--no-color",
        "--no-ext-diff",
        "--no-prefix",
        "before",
        "after",
    ]);
    let difference = call.comparison()?;
    let changes: Vec<_> = difference
        .lines()
        .skip_while(|line| !line.starts_with("@@"))
        .collect();
    Ok(changes.join("\n"))
}
