//! Pages by key: each says where the next one starts.

use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::problem::Problem;

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

/// Which page.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// How many at most: 1 to 200, 50 if left out.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next` of the page before; left out for the first page.
    pub after: Option<Uuid>,
}

impl PageQuery {
    /// How many at most.
    ///
    /// # Errors
    /// A problem with the field `limit` when it is not within 1 to 200.
    pub fn limit(&self) -> Result<u32, Problem> {
        page_limit(self.limit)
    }
}

/// The page size that was asked for, or the default.
///
/// # Errors
/// A problem with the field `limit` when it is not within 1 to 200.
pub fn page_limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked.unwrap_or(DEFAULT_LIMIT) {
        limit @ 1..=MAX_LIMIT => Ok(limit),
        _ => Err(Problem::field("limit", format!("must be 1 to {MAX_LIMIT}"))),
    }
}

/// Cuts what was read with one row more than the page has, and tells whether there is a next page.
#[must_use]
pub fn cut_page<T>(mut rows: Vec<T>, limit: u32) -> (Vec<T>, bool) {
    let limit = limit as usize;
    let more = rows.len() > limit;
    rows.truncate(limit);
    (rows, more)
}
