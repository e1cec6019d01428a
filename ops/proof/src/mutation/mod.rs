//! Whether the checks that need no cluster see it when something goes wrong: the manifests are changed in one
//! place after the other, and each of these mutants has to be caught.

mod admission;
mod applications;
mod change;
mod checks;
mod mutant;
mod network;
mod projects;
mod report;
mod rights;
mod tenants;

pub use checks::{Checks, ChecksError};
pub use mutant::{Kind, Mutant, mutants};
pub use report::{Report, Survivors, SurvivorsError, judge};
