//! Whether the checks that need no cluster see it when something goes wrong.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Write, stdout};
use std::path::Path;

use proof::mutation::{Checks, Kind, Survivors, judge};
use proof::rendered::Rendered;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Of all environments it has the most: the databases run in the cluster there alone.
fn local() -> Rendered {
    Rendered::of_repository(root(), "local").unwrap()
}

#[test]
fn nine_of_ten_mutants_are_caught_and_each_survivor_is_explained() {
    let checks = Checks::of_repository(root()).unwrap();
    let survivors = Survivors::of_repository(root()).unwrap();
    let report = judge(&local(), &checks, &survivors, &Kind::ALL);
    println!("{report}");
    // Past what the harness keeps to itself, so that ./test.sh shows it.
    writeln!(stdout(), "{}", report.figure()).unwrap();
    let complaints = report.complaints();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
