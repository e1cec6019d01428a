//! The checks. Those of a cluster and those of processes tell the same story; what they share is here, what
//! each needs to its own is in [`on_cluster`] and [`on_processes`].

pub(crate) mod books;
pub(crate) mod cut_off;
pub(crate) mod doors;
pub(crate) mod exactly_once;
pub(crate) mod on_cluster;
pub(crate) mod on_processes;
pub(crate) mod paying;
pub(crate) mod provider_away;
pub(crate) mod snapshot;
pub(crate) mod wrong_input;

use futures_util::future::LocalBoxFuture;

use crate::failure::Failure;

/// What a check saw, in one line.
pub(crate) type Seen = Result<String, Failure>;

/// One check of a kind of deployment.
pub(crate) struct Check<W> {
    pub(crate) name: &'static str,
    /// What it sees to, in half a sentence.
    pub(crate) about: &'static str,
    /// Whether it only looks on, and disturbs no other check: such neighbours run side by side.
    pub(crate) looks_on: bool,
    pub(crate) run: for<'a> fn(&'a W) -> LocalBoxFuture<'a, Seen>,
}
