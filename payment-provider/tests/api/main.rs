//! The service over HTTP: the real application on free ports.

mod app;
mod charging;
mod database_away;
mod drop_in;
mod limit;
mod listing;
mod migrations;
mod openapi;
mod wrong_input;
