//! Who can reach whom on which port, by the network policies that were rendered.
//!
//! A connection gets through when the sender's policies let it out and the receiver's let it in. What no
//! manifest tells is taken for the worst: a pod may have any address of the cluster, so a rule for a block of
//! addresses admits every pod that could lie in it; an attacker may wear any label that we use, in a namespace
//! with any label that we use, or any that a policy names. A node and its own pods always reach each other, whatever policies say.

mod addresses;
mod cast;
mod compare;
mod decision;
mod expected;
mod matrix;
mod named;
mod place;
mod policy;
mod ports;
mod ranges;
mod selector;
mod show;
mod why;
mod world;

pub use addresses::Addresses;
pub use cast::{COLLECTOR, Collector, Surroundings};
pub use compare::{differences, differences_around};
pub use decision::{Allowance, Decision, Side};
pub use expected::{Expected, ExpectedError, FILE};
pub use matrix::{Matrix, Relation, by_port, summary};
pub use place::{Kind, NamedPort, Place, Pod};
pub use policy::Unreadable;
pub use ports::{NoPort, PortSet, Protocol};
pub use selector::Labels;
pub use show::{json, mermaid, table};
pub use why::why;
pub use world::World;
