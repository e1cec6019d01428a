//! Ids that nothing has yet, and the time.

use k8s_openapi::jiff::Timestamp;
use uuid::Uuid;

/// A fresh id.
#[allow(clippy::disallowed_methods)] // A real deployment is asked, so there is no clock to be simulated.
pub(crate) fn id() -> Uuid {
    Uuid::now_v7()
}

/// The time of this machine.
#[allow(clippy::disallowed_methods)] // As above.
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// Enough of a fresh id to tell names apart.
pub(crate) fn suffix() -> String {
    let id = id().simple().to_string();
    id[id.len() - 8..].to_owned()
}

/// A seed that nobody chose.
pub(crate) fn seed() -> u64 {
    id().as_u64_pair().1 >> 32
}
