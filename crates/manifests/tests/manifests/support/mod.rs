//! What the subjects share: everything rendered, the policies read as edges, and two texts compared.

pub mod edges;
pub mod lines;
pub mod quantity;
pub mod rendered;
pub mod workload;
