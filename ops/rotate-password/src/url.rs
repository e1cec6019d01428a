//! `DATABASE_URL`, as far as a new password changes it.

/// `postgres://user:password@rest`.
#[derive(Clone, Eq, PartialEq)]
pub struct DatabaseUrl {
    user: String,
    /// Host, port, database and parameters.
    rest: String,
}

/// `DATABASE_URL` is not of the kind that a password can be taken out of.
#[derive(Debug, thiserror::Error)]
#[error(
    "DATABASE_URL in the Secret is not of the form postgres://user:password@host:port/database"
)]
pub struct NotAUrl;

impl DatabaseUrl {
    /// Reads one.
    ///
    /// # Errors
    /// [`NotAUrl`], which repeats nothing of it.
    pub fn parse(text: &str) -> Result<Self, NotAUrl> {
        let after = text
            .strip_prefix("postgres://")
            .or_else(|| text.strip_prefix("postgresql://"))
            .ok_or(NotAUrl)?;
        let (who, rest) = after.split_once('@').ok_or(NotAUrl)?;
        let (user, _) = who.split_once(':').ok_or(NotAUrl)?;
        if user.is_empty() || rest.is_empty() {
            return Err(NotAUrl);
        }
        Ok(Self {
            user: user.to_owned(),
            rest: rest.to_owned(),
        })
    }

    /// Who logs in.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Where the database is.
    #[must_use]
    pub fn host(&self) -> &str {
        self.rest.split([':', '/', '?']).next().unwrap_or_default()
    }

    /// The same database for somebody else. The password must need no escaping.
    #[must_use]
    pub fn with(&self, user: &str, password: &str) -> String {
        format!("postgres://{user}:{password}@{}", self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::DatabaseUrl;

    #[test]
    fn another_user_gets_the_same_database() {
        let url = DatabaseUrl::parse("postgres://app:p%40ss@app-database:5432/app?x=1").unwrap();
        assert_eq!((url.user(), url.host()), ("app", "app-database"));
        assert_eq!(
            url.with("app_a", "new"),
            "postgres://app_a:new@app-database:5432/app?x=1"
        );
    }

    #[test]
    fn what_has_no_password_to_change_is_refused_without_repeating_it() {
        for wrong in [
            "sqlite:hunter2.db",
            "postgres://hunter2",
            "postgres://hunter2@host/x",
            "postgres://:hunter2@host/x",
            "",
        ] {
            let error = DatabaseUrl::parse(wrong).err().unwrap().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
