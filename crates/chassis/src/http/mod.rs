//! The public port: what happens to every request before and after a route has it.

mod amount;
mod boundary;
pub mod description;
mod extract;
mod fallback;
mod head;
mod in_flight;
mod page;
mod wrong_field;

pub use amount::parse_amount;
pub use boundary::{Boundary, boundary};
pub use description::Description;
pub use extract::{Json, Limits, Path, Query};
pub use fallback::fallback;
pub(crate) use head::head_as_get;
pub use in_flight::InFlight;
pub use page::{PageQuery, cut_page, page_limit};
