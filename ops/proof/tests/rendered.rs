//! What an environment consists of.

use std::collections::BTreeSet;
use std::path::Path;

use proof::rendered::{Rendered, environments};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[test]
fn every_environment_has_the_tenants_and_both_apps() {
    let known = environments(root()).unwrap();
    assert_eq!(known, ["dev", "local", "production", "staging"]);
    for environment in known {
        let rendered = Rendered::of_repository(root(), &environment).unwrap();
        let names: BTreeSet<_> = rendered
            .documents()
            .iter()
            .map(ToString::to_string)
            .collect();
        for expected in [
            "Namespace invoice",
            "Namespace payments",
            "Deployment invoice/invoice-app",
            "Deployment payments/payment-provider",
        ] {
            assert!(names.contains(expected), "{environment}: {names:?}");
        }
    }
}

#[test]
fn an_environment_that_is_not_there_is_refused_with_those_that_are() {
    let error = Rendered::of_repository(root(), "moon").unwrap_err();
    assert_eq!(
        error.to_string(),
        "no app has an overlay for `moon`; there are: dev, local, production, staging"
    );
}
