//! The three steps of a rotation. Between them the Secret is put where it belongs, which is not this program's to
//! know. After whichever step it is cut off, the app goes on with a password that works, and `next` finishes first
//! what was left.

use std::io::{IsTerminal, Write};

use crate::cluster::{Cluster, Credentials};
use crate::error::Error;
use crate::roles::{Name, Roles};
use crate::scram;

/// Finishes a rotation that was cut off, and tells whose turn it is.
///
/// # Errors
/// When the cluster or the database refuses.
pub async fn next(cluster: &Cluster, roles: &Roles) -> Result<Name, Error> {
    let credentials = cluster.credentials().await?;
    if is_unfinished(cluster, roles, &credentials).await? {
        say("a rotation was cut off: its end comes first");
        settle(cluster, roles, &credentials).await?;
    }
    Ok(roles.after(credentials.url.user()))
}

/// Gives the role a new password and prints the Secret that names it.
///
/// # Errors
/// When the cluster or the database refuses, or when somebody would see the Secret.
pub async fn begin(cluster: &Cluster, roles: &Roles, role: &str) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    if out.is_terminal() {
        return Err(Error::Terminal);
    }
    let credentials = cluster.credentials().await?;
    if roles.after(credentials.url.user()) != role {
        return Err(Error::NotItsTurn(role.to_owned()));
    }
    let (password, owner_password) = (scram::new_password()?, scram::new_password()?);
    let mut session = cluster.open(&credentials).await?;
    roles
        .begin(&mut session.database, role, &scram::verifier(&password)?)
        .await?;
    let manifest = credentials.manifest(role, &password, &owner_password);
    writeln!(out, "{manifest}").map_err(Error::Output)
}

/// Waits until the Secret names the role, replaces the pods, and ends the login before it.
///
/// # Errors
/// When the Secret does not change, the pods are not replaced, or the database refuses.
pub async fn finish(cluster: &Cluster, roles: &Roles, role: &str) -> Result<(), Error> {
    let credentials = cluster.await_secret(role).await?;
    settle(cluster, roles, &credentials).await
}

/// Whether somebody can log in who should not any more, or will not be able to.
async fn is_unfinished(
    cluster: &Cluster,
    roles: &Roles,
    credentials: &Credentials,
) -> Result<bool, Error> {
    let current = credentials.url.user();
    let mut session = cluster.open(credentials).await?;
    let database = &mut session.database;
    if !roles.others(database, current).await?.is_empty() {
        return Ok(true);
    }
    let kept = roles.owner_verifier(database).await?;
    Ok(current != roles.owner() && !scram::verifies(&kept, &credentials.owner_password))
}

/// Leaves the Secret's login as the only one besides the owner, who gets the Secret's password.
async fn settle(cluster: &Cluster, roles: &Roles, credentials: &Credentials) -> Result<(), Error> {
    say("replacing the pods");
    cluster.roll().await?;
    let current = credentials.url.user();
    let mut session = cluster.open(credentials).await?;
    let database = &mut session.database;
    for login in roles.others(database, current).await? {
        say(&format!("ending the login {login}"));
        roles.end(database, &login).await?;
    }
    if current != roles.owner() {
        let kept = roles.owner_verifier(database).await?;
        if !scram::verifies(&kept, &credentials.owner_password) {
            say(&format!("changing the password of {}", roles.owner()));
            let verifier = scram::verifier(&credentials.owner_password)?;
            roles.change_owner(database, &verifier).await?;
        }
    }
    Ok(())
}

/// On standard error, as deploy.sh says what happens inside a step.
fn say(text: &str) {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(std::io::stderr(), "          {text}");
}
