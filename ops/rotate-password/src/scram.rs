//! What PostgreSQL keeps of a password (RFC 5803, SCRAM-SHA-256), made here: the password itself is in no
//! statement, so in no log of the server either.

use std::fmt::Write;
use std::num::NonZeroU32;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hmac, pbkdf2};

/// PostgreSQL's own default.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(4096).unwrap();
const SALT_BYTES: usize = 16;
const PASSWORD_BYTES: usize = 24;

/// This machine gives no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("this machine gives no random numbers")]
pub struct NoChance;

/// A fresh password, of characters that need no escaping in a URL.
///
/// # Errors
/// [`NoChance`].
pub fn new_password() -> Result<String, NoChance> {
    let bytes: [u8; PASSWORD_BYTES] = random()?;
    let hexadecimal = bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    });
    Ok(hexadecimal)
}

/// The verifier of a password, with a fresh salt.
///
/// # Errors
/// [`NoChance`].
pub fn verifier(password: &str) -> Result<String, NoChance> {
    let salt: [u8; SALT_BYTES] = random()?;
    Ok(made(password, &salt, ITERATIONS))
}

/// Whether a verifier is of this password.
#[must_use]
pub fn verifies(verifier: &str, password: &str) -> bool {
    let salt_and_iterations = || {
        let parameters = verifier.strip_prefix("SCRAM-SHA-256$")?.split('$').next()?;
        let (iterations, salt) = parameters.split_once(':')?;
        Some((STANDARD.decode(salt).ok()?, iterations.parse().ok()?))
    };
    salt_and_iterations()
        .is_some_and(|(salt, iterations)| made(password, &salt, iterations) == verifier)
}

fn made(password: &str, salt: &[u8], iterations: NonZeroU32) -> String {
    let mut salted = [0; digest::SHA256_OUTPUT_LEN];
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        iterations,
        salt,
        password.as_bytes(),
        &mut salted,
    );
    let key = hmac::Key::new(hmac::HMAC_SHA256, &salted);
    let client_key = hmac::sign(&key, b"Client Key");
    let stored_key = digest::digest(&digest::SHA256, client_key.as_ref());
    let server_key = hmac::sign(&key, b"Server Key");
    format!(
        "SCRAM-SHA-256${iterations}:{}${}:{}",
        STANDARD.encode(salt),
        STANDARD.encode(stored_key),
        STANDARD.encode(server_key)
    )
}

fn random<const COUNT: usize>() -> Result<[u8; COUNT], NoChance> {
    let mut bytes = [0; COUNT];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoChance)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{new_password, verifier, verifies};

    #[test]
    fn a_verifier_is_of_its_password_alone() {
        let made = verifier("pencil").unwrap();
        assert!(verifies(&made, "pencil"));
        assert!(!verifies(&made, "Pencil"));
        assert!(!verifies("", "pencil") && !verifies("md5abc", "pencil"));
        assert_ne!(made, verifier("pencil").unwrap(), "each has its own salt");
    }

    #[test]
    fn passwords_are_long_and_never_the_same() {
        let (one, other) = (new_password().unwrap(), new_password().unwrap());
        assert_eq!(one.len(), 48);
        assert_ne!(one, other);
        assert!(one.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
