//! Promotion: the digest that runs in one environment is written into the next one's overlay, as one
//! commit on the deployment branch.
//!
//! [`promote`] asks the cluster of the environment that is promoted from ([`environments`] says which that
//! is) what runs there, refuses what is not healthy, and commits on top of the branch, never by force and
//! without touching the working tree. What looks at the app after each sync goes with it. [`record_tested`] notes the digests that passed the tests.

mod app;
mod arrival;
mod branch;
pub mod cli;
mod cluster;
mod difference;
pub mod environments;
mod error;
mod hook;
mod image_file;
mod program;
mod promotion;
mod repository;
mod running;
mod source;
mod target;
mod tested;

pub use error::PromoteError;
pub use program::Tools;
pub use promotion::promote;
pub use tested::record_tested;
