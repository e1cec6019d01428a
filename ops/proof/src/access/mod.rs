//! Who may do what: the roles and bindings of an environment, and what `access.yaml` says of them.
//!
//! [`granted`] reads roles and bindings as the API server's RBAC authorizer does, [`Expected`] reads
//! `access.yaml`, both into a [`Matrix`]; [`differences`] compares the two.

mod expected;
mod matrix;
mod rbac;
mod table;

pub use expected::{Expected, ExpectedError};
pub use matrix::{Grant, Matrix, Place, Request, Resource, Subject};
pub use rbac::{Granted, granted};
pub use table::table;

use crate::rendered::Rendered;

/// A sentence for everything that the manifests allow and `access.yaml` does not say, or the other way
/// round; none when they agree.
#[must_use]
pub fn differences(rendered: &Rendered, expected: &Expected) -> Vec<String> {
    let granted = granted(rendered.documents());
    let mut found = granted.doubts;
    found.extend(granted.matrix.differences(expected.everywhere()));
    found.extend(without_account(rendered, expected));
    found
}

/// Rights of an account that nobody makes wait for whoever makes one of that name.
fn without_account(rendered: &Rendered, expected: &Expected) -> Vec<String> {
    let matrix = expected.everywhere();
    let accounts = matrix
        .subjects()
        .into_iter()
        .filter_map(|subject| match subject {
            Subject::Account { namespace, name } => Some((namespace.clone(), name.clone())),
            Subject::Group(_) | Subject::User(_) => None,
        });
    accounts
        .filter(|(namespace, name)| {
            !rendered
                .of_kind("ServiceAccount")
                .any(|document| document.namespace() == Some(namespace) && document.name() == name)
        })
        .map(|(namespace, name)| {
            format!("account {namespace}/{name}: no ServiceAccount is rendered")
        })
        .collect()
}
