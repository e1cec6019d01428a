//! Requests at a constant rate, whatever becomes of those before them, so that what is slow or lost shows.

mod generator;
mod mix;
mod tally;
mod verdict;

pub(crate) use generator::Load;
pub(crate) use tally::LoadReport;
pub(crate) use verdict::none_failed;

/// Requests a second, unless somebody asks for another rate.
pub(crate) const RATE: u32 = 200;
