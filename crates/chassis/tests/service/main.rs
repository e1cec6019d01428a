//! A small service on the chassis, seen from outside.

mod collector;
mod health;
mod limits;
mod metrics;
mod service;
mod stop;
mod traces;
mod wire;
