//! The three steps of a rotation. Between them the Secret is put where it belongs, which is not this program's to
//! know. After whichever step it is cut off, the app goes on with a password that works, and `next` finishes first
//! what was left.

use std::io::Write;

use sqlx::PgConnection;

use crate::credentials::Credentials;
use crate::error::Error;
use crate::roles::{Name, Roles};
use crate::scram;

/// Where the app runs, as far as a rotation is concerned.
#[allow(
    async_fn_in_trait,
    reason = "this program alone calls it, and waits on one thread"
)]
pub trait Place {
    /// A session in the app's database.
    type Session: AsMut<PgConnection>;

    /// Reads the app's Secret.
    ///
    /// # Errors
    /// When there is none, or it has not what is needed.
    async fn credentials(&self) -> Result<Credentials, Error>;

    /// A session in the database: as the app logs in, or else as the owner. A new volume knows the owner alone.
    ///
    /// # Errors
    /// When neither is let in.
    async fn open(&self, credentials: &Credentials) -> Result<Self::Session, Error>;

    /// Waits until the Secret names this role.
    ///
    /// # Errors
    /// When it does not within minutes.
    async fn await_secret(&self, role: &str) -> Result<Credentials, Error>;

    /// Replaces every pod of the app, and waits until those before are gone: they know the old password.
    ///
    /// # Errors
    /// When that takes more than minutes.
    async fn roll(&self) -> Result<(), Error>;
}

/// Finishes a rotation that was cut off, and tells whose turn it is.
///
/// # Errors
/// When the cluster or the database refuses.
pub async fn next(place: &impl Place, roles: &Roles) -> Result<Name, Error> {
    let credentials = place.credentials().await?;
    if !is_unfinished(place, roles, &credentials).await? {
        return Ok(roles.after(credentials.url.user()));
    }
    say("a rotation was cut off: its end comes first");
    let settled = settle(place, roles, credentials).await?;
    Ok(roles.after(settled.url.user()))
}

/// Gives the role a new password and prints the Secret that names it.
///
/// # Errors
/// When the cluster or the database refuses.
pub async fn begin(
    place: &impl Place,
    roles: &Roles,
    role: &str,
    out: &mut impl Write,
) -> Result<(), Error> {
    let credentials = place.credentials().await?;
    if roles.after(credentials.url.user()) != role {
        return Err(Error::NotItsTurn(role.to_owned()));
    }
    let (password, owner_password) = (scram::new_password()?, scram::new_password()?);
    let mut session = place.open(&credentials).await?;
    roles
        .begin(session.as_mut(), role, &scram::verifier(&password)?)
        .await?;
    let manifest = credentials.manifest(role, &password, &owner_password);
    writeln!(out, "{manifest}").map_err(Error::Output)
}

/// Waits until the Secret names the role, replaces the pods, and ends the login before it.
///
/// # Errors
/// When the Secret does not change, the pods are not replaced, or the database refuses.
pub async fn finish(place: &impl Place, roles: &Roles, role: &str) -> Result<(), Error> {
    let credentials = place.await_secret(role).await?;
    settle(place, roles, credentials).await.map(drop)
}

/// Whether somebody can log in who should not any more, or will not be able to.
async fn is_unfinished(
    place: &impl Place,
    roles: &Roles,
    credentials: &Credentials,
) -> Result<bool, Error> {
    let current = credentials.url.user();
    let mut session = place.open(credentials).await?;
    let database = session.as_mut();
    if !roles.others(database, current).await?.is_empty() {
        return Ok(true);
    }
    let kept = roles.owner_verifier(database).await?;
    Ok(current != roles.owner() && !scram::verifies(&kept, &credentials.owner_password))
}

/// Leaves the Secret's login as the only one besides the owner, who gets the Secret's password. Gives what the
/// Secret says.
async fn settle(
    place: &impl Place,
    roles: &Roles,
    credentials: Credentials,
) -> Result<Credentials, Error> {
    let credentials = roll_until_known(place, credentials).await?;
    let current = credentials.url.user();
    let mut session = place.open(&credentials).await?;
    let database = session.as_mut();
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
    Ok(credentials)
}

/// Replaces the pods until all know what the Secret says. It may come to say something else meanwhile, when it was on
/// its way from git as a rotation was cut off; the login that it then names must not be ended.
async fn roll_until_known(
    place: &impl Place,
    mut credentials: Credentials,
) -> Result<Credentials, Error> {
    loop {
        say("replacing the pods");
        place.roll().await?;
        let now = place.credentials().await?;
        if now.text() == credentials.text() {
            return Ok(now);
        }
        credentials = now;
    }
}

/// On standard error, as deploy.sh says what happens inside a step.
fn say(text: &str) {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(std::io::stderr(), "          {text}");
}
