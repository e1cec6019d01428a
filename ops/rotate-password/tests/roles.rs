//! The SQL side of a rotation, on a real PostgreSQL. Its own rule is to let everybody in without a password, so
//! passwords are judged by what the server keeps of them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use rotate_password::roles::Roles;
use rotate_password::scram;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use test_postgres::Postgres;

struct World {
    options: PgConnectOptions,
    admin: PgConnection,
    roles: Roles,
}

impl World {
    /// A database with an owner of its own, as deploy.sh makes one.
    async fn new(app: &str) -> Self {
        let options: PgConnectOptions = Postgres::shared().new_database().parse().unwrap();
        let mut admin = options.connect().await.unwrap();
        let roles = Roles::of(app);
        for statement in [
            format!(
                "create role {} superuser login password 'first'",
                roles.owner()
            ),
            format!("set role {}", roles.owner()),
        ] {
            sqlx::raw_sql(AssertSqlSafe(statement))
                .execute(&mut admin)
                .await
                .unwrap();
        }
        Self {
            options,
            admin,
            roles,
        }
    }

    async fn login(&self, role: &str) -> sqlx::Result<PgConnection> {
        self.options.clone().username(role).connect().await
    }

    async fn kept(&mut self, role: &str) -> Option<String> {
        sqlx::query_scalar("select rolpassword from pg_authid where rolname::text = $1")
            .bind(role)
            .fetch_one(&mut self.admin)
            .await
            .unwrap()
    }
}

async fn text(database: &mut PgConnection, query: &'static str) -> String {
    sqlx::query_scalar(query).fetch_one(database).await.unwrap()
}

#[tokio::test]
async fn a_verifier_is_the_one_that_the_server_would_have_made() {
    let mut world = World::new("app-one").await;
    let kept = world.kept("app_one").await.unwrap();
    assert!(scram::verifies(&kept, "first"), "{kept}");
    assert!(!scram::verifies(&kept, "second"));
}

#[tokio::test]
async fn a_login_acts_as_the_owner_and_what_it_makes_is_the_owners() {
    let mut world = World::new("app-two").await;
    let verifier = scram::verifier("second").unwrap();
    let World { admin, roles, .. } = &mut world;
    roles.begin(admin, "app_two_a", &verifier).await.unwrap();
    assert_eq!(world.kept("app_two_a").await, Some(verifier));
    let mut login = world.login("app_two_a").await.unwrap();
    assert_eq!(
        text(&mut login, "select current_user::text").await,
        "app_two"
    );
    assert_eq!(
        text(&mut login, "select session_user::text").await,
        "app_two_a"
    );
    sqlx::raw_sql("create table made ()")
        .execute(&mut login)
        .await
        .unwrap();
    let owner = "select tableowner::text from pg_tables where tablename = 'made'";
    assert_eq!(text(&mut login, owner).await, "app_two");
}

#[tokio::test]
async fn an_ended_login_is_refused_and_its_sessions_are_gone_while_the_other_goes_on() {
    let mut world = World::new("app-three").await;
    let World { admin, roles, .. } = &mut world;
    for role in roles.logins() {
        let verifier = scram::verifier(&role).unwrap();
        roles.begin(admin, &role, &verifier).await.unwrap();
    }
    let others = roles.others(admin, "app_three_b").await.unwrap();
    assert_eq!(others, ["app_three_a"]);
    let (mut old, mut new) = (
        world.login("app_three_a").await.unwrap(),
        world.login("app_three_b").await.unwrap(),
    );
    let World { admin, roles, .. } = &mut world;
    roles.end(admin, "app_three_a").await.unwrap();
    assert!(roles.others(admin, "app_three_b").await.unwrap().is_empty());
    assert!(old.ping().await.is_err(), "its session goes on");
    new.ping().await.unwrap();
    assert_eq!(world.kept("app_three_a").await, None);
    let refused = world.login("app_three_a").await.unwrap_err().to_string();
    assert!(refused.contains("not permitted to log in"), "{refused}");
    world.login("app_three_b").await.unwrap();
}

#[tokio::test]
async fn a_login_that_was_ended_takes_its_next_turn() {
    let mut world = World::new("app-four").await;
    let World { admin, roles, .. } = &mut world;
    for password in ["one", "two"] {
        let verifier = scram::verifier(password).unwrap();
        roles.begin(admin, "app_four_a", &verifier).await.unwrap();
        roles.end(admin, "app_four_a").await.unwrap();
    }
    let verifier = scram::verifier("three").unwrap();
    roles.begin(admin, "app_four_a", &verifier).await.unwrap();
    assert_eq!(world.kept("app_four_a").await, Some(verifier));
    world.login("app_four_a").await.unwrap();
}

#[tokio::test]
async fn the_owner_gets_another_password_and_loses_the_sessions_of_the_one_before() {
    let mut world = World::new("app-five").await;
    let mut old = world.login("app_five").await.unwrap();
    let verifier = scram::verifier("second").unwrap();
    let World { admin, roles, .. } = &mut world;
    roles.change_owner(admin, &verifier).await.unwrap();
    assert_eq!(roles.owner_verifier(admin).await.unwrap(), verifier);
    assert!(old.ping().await.is_err(), "its session goes on");
    world.login("app_five").await.unwrap();
}

#[tokio::test]
async fn the_app_can_rotate_with_nothing_but_its_own_login() {
    let mut world = World::new("app-six").await;
    let World { admin, roles, .. } = &mut world;
    let verifier = scram::verifier("one").unwrap();
    roles.begin(admin, "app_six_a", &verifier).await.unwrap();
    let mut login = world.login("app_six_a").await.unwrap();
    let roles = &world.roles;
    let verifier = scram::verifier("two").unwrap();
    roles
        .begin(&mut login, "app_six_b", &verifier)
        .await
        .unwrap();
    drop(login);
    let mut login = world.login("app_six_b").await.unwrap();
    roles.end(&mut login, "app_six_a").await.unwrap();
    assert!(world.login("app_six_a").await.is_err());
}
