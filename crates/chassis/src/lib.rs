//! What every service of the platform stands on: configuration from the environment, telemetry,
//! health, metrics, problem details, serving and stopping, and the database pool.
//!
//! A service passes in its routes, its migrations and its background work; everything that is the
//! same in all services lives here.

pub mod clock;
pub mod config;
pub mod database;
pub mod health;
pub mod http;
pub mod metrics;
pub mod outbound;
pub mod problem;
pub mod program;
pub mod server;
pub mod stop;
pub mod telemetry;
pub mod tls;
