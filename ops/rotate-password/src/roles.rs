//! The roles of one database: an owner, to whom every object belongs, and two logins that take turns. Each login
//! acts as the owner from its first statement, so whoever made an object, the owner has it.

use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// The names of an app's roles.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Roles {
    owner: String,
}

/// A role's name.
pub type Name = String;

impl Roles {
    /// Those of the app of this name.
    #[must_use]
    pub fn of(app: &str) -> Self {
        Self {
            owner: app.replace('-', "_"),
        }
    }

    /// The role that everything belongs to. A new database has it alone, and the app logs in as it.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The two that take turns.
    #[must_use]
    pub fn logins(&self) -> [Name; 2] {
        ["a", "b"].map(|letter| format!("{}_{letter}", self.owner))
    }

    /// Whose turn it is after this one.
    #[must_use]
    pub fn after(&self, current: &str) -> Name {
        let [one, other] = self.logins();
        if current == one { other } else { one }
    }

    /// Gives a login a new password, and makes it when it is not there yet.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn begin(
        &self,
        database: &mut PgConnection,
        login: &str,
        verifier: &str,
    ) -> sqlx::Result<()> {
        let (owner, role) = (quoted(&self.owner), quoted(login));
        let verifier = verifier.replace('\'', "''");
        let mut transaction = database.begin().await?;
        if !exists(&mut transaction, login).await? {
            execute(&mut transaction, format!("create role {role}")).await?;
        }
        for statement in [
            format!("alter role {role} with login password '{verifier}'"),
            format!("grant {owner} to {role}"),
            format!("alter role {role} set role = {owner}"),
        ] {
            execute(&mut transaction, statement).await?;
        }
        transaction.commit().await
    }

    /// Which of the two logins can log in besides `current`.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn others(
        &self,
        database: &mut PgConnection,
        current: &str,
    ) -> sqlx::Result<Vec<Name>> {
        let logins: Vec<Name> = self
            .logins()
            .into_iter()
            .filter(|login| login != current)
            .collect();
        sqlx::query_scalar(
            "select rolname::text from pg_roles where rolcanlogin and rolname::text = any($1) order by 1",
        )
        .bind(logins)
        .fetch_all(database)
        .await
    }

    /// Takes a login its password and its sessions. The role stays, for its next turn.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end(&self, database: &mut PgConnection, login: &str) -> sqlx::Result<()> {
        let role = quoted(login);
        execute(
            database,
            format!("alter role {role} with nologin password null"),
        )
        .await?;
        end_sessions(database, login).await
    }

    /// What the database keeps of the owner's password.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn owner_verifier(&self, database: &mut PgConnection) -> sqlx::Result<String> {
        let kept: Option<Option<String>> =
            sqlx::query_scalar("select rolpassword from pg_authid where rolname::text = $1")
                .bind(&self.owner)
                .fetch_optional(database)
                .await?;
        Ok(kept.flatten().unwrap_or_default())
    }

    /// Gives the owner another password, and ends the sessions that the one before began.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn change_owner(
        &self,
        database: &mut PgConnection,
        verifier: &str,
    ) -> sqlx::Result<()> {
        let (owner, verifier) = (quoted(&self.owner), verifier.replace('\'', "''"));
        execute(
            database,
            format!("alter role {owner} with password '{verifier}'"),
        )
        .await?;
        end_sessions(database, &self.owner).await
    }
}

async fn exists(database: &mut PgConnection, role: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar("select exists (select 1 from pg_roles where rolname::text = $1)")
        .bind(role)
        .fetch_one(database)
        .await
}

async fn end_sessions(database: &mut PgConnection, login: &str) -> sqlx::Result<()> {
    let ended = sqlx::query(
        "select pg_terminate_backend(pid) from pg_stat_activity \
         where usename::text = $1 and pid <> pg_backend_pid()",
    );
    ended.bind(login).execute(database).await.map(drop)
}

/// Statements about roles take no parameters, so they are put together: of quoted names and verifiers alone.
async fn execute(database: &mut PgConnection, statement: String) -> sqlx::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(database)
        .await
        .map(drop)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::Roles;

    #[test]
    fn the_two_logins_take_turns_and_the_owner_is_followed_by_the_first() {
        let roles = Roles::of("invoice-app");
        assert_eq!(roles.owner(), "invoice_app");
        assert_eq!(roles.after("invoice_app"), "invoice_app_a");
        assert_eq!(roles.after("invoice_app_a"), "invoice_app_b");
        assert_eq!(roles.after("invoice_app_b"), "invoice_app_a");
    }
}
