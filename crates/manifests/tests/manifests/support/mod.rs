//! What the subjects share: everything rendered, and the policies read as edges.

pub mod edges;
pub mod quantity;
pub mod rendered;
pub mod workload;
