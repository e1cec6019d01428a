//! What is true of everything that `kustomize/` renders. One binary, so that each overlay is rendered
//! once for all subjects.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod support;

mod argocd;
mod containers;
mod differences;
mod dry_run;
mod environments;
mod exposure;
mod identity;
mod images;
mod isolation;
mod kubectl;
mod namespaces;
mod order;
mod probes;
mod replicas;
mod schemas;
mod secrets;
mod stopping;
mod tenants;
