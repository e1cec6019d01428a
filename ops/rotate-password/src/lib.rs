//! Another password for an app's database, without a request that fails.
//!
//! Two logins take turns ([`roles`]). The one whose turn it is gets a new password ([`scram`]), the app's Secret
//! names it ([`cluster`]), the pods are replaced (in `rollout`), and only then the login before is ended ([`rotation`]).

pub mod cli;
pub mod cluster;
pub mod credentials;
mod error;
pub mod roles;
mod rollout;
pub mod rotation;
pub mod scram;
pub mod url;

use std::io::{IsTerminal, Write};

use cli::{Options, Step};
use cluster::Cluster;
pub use error::Error;
use roles::Roles;

/// Does the step that was asked for.
///
/// # Errors
/// With a sentence that says what to do next.
pub async fn run(options: &Options) -> Result<(), Error> {
    let roles = Roles::of(&options.app);
    let cluster = Cluster::connect(&options.context, &options.namespace, &options.app).await?;
    match &options.step {
        Step::Next => {
            let role = rotation::next(&cluster, &roles).await?;
            writeln!(std::io::stdout(), "{role}").map_err(Error::Output)
        }
        Step::Begin { role } => {
            let mut out = std::io::stdout();
            if out.is_terminal() {
                return Err(Error::Terminal);
            }
            rotation::begin(&cluster, &roles, role, &mut out).await
        }
        Step::Finish { role } => rotation::finish(&cluster, &roles, role).await,
    }
}
