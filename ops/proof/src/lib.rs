//! What rendered manifests allow: who may reach whom, who may do what, which pods are admitted.
//!
//! [`rendered::Rendered`] holds all objects of one environment. Each subject compares them with what
//! is expected and answers with a sentence for each difference; none means that they agree.

pub mod access;
pub mod admission;
pub mod command;
pub mod mutation;
pub mod projects;
pub mod reachability;
pub mod rendered;
pub mod tenants;
