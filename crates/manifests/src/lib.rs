//! Reads what `kustomize/` renders, so that tests can say what is true of it, with or without a
//! cluster.
//!
//! [`overlays`] lists the folders that can be applied, [`Kubectl`] renders one into [`Document`]s,
//! [`Schemas`] checks a document as strictly as the API server would, [`plural`] names a kind as its addresses do.

mod document;
mod kubectl;
mod overlay;
mod plural;
mod schema;

pub use document::{Document, Malformed, parse};
pub use kubectl::{Kubectl, KubectlError, ServedKinds};
pub use overlay::{Overlay, WalkError, overlays};
pub use plural::plural;
pub use schema::{Schemas, SchemasError, Violation};
