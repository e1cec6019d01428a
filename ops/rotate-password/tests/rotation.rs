//! Rotations that are cut off and typed again, on a real PostgreSQL with a stand-in for the cluster. The server's own
//! rule is to let everybody in without a password, so the stand-in judges passwords by what the server keeps of them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::{Cell, RefCell};

use k8s_openapi::api::core::v1::Secret;
use rotate_password::Error;
use rotate_password::credentials::Credentials;
use rotate_password::roles::Roles;
use rotate_password::rotation::{Place, begin, finish, next};
use rotate_password::scram;
use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection};
use test_postgres::Postgres;

/// The app's Secret, its database, and its pods.
struct StandIn {
    app: &'static str,
    roles: Roles,
    options: PgConnectOptions,
    secret: RefCell<Secret>,
    /// What comes to be the Secret while pods are replaced: it was on its way.
    on_its_way: RefCell<Option<Secret>>,
    /// The `DATABASE_URL` that the pods were started with.
    pods: RefCell<String>,
    rolls: Cell<u32>,
    /// At which one the program is cut off, when the pods are new already.
    cut_at_roll: Cell<Option<u32>>,
}

struct Session(PgConnection);

impl AsMut<PgConnection> for Session {
    fn as_mut(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}

impl Place for StandIn {
    type Session = Session;

    async fn credentials(&self) -> Result<Credentials, Error> {
        Credentials::read(self.secret.borrow().clone())
    }

    async fn open(&self, credentials: &Credentials) -> Result<Session, Error> {
        if let Some(session) = self.log_in(credentials.text()).await {
            return Ok(Session(session));
        }
        let owner = credentials
            .url
            .with(self.roles.owner(), &credentials.owner_password);
        let session = self.log_in(&owner).await;
        session.map(Session).ok_or_else(|| Error::NoSession {
            pod: self.app.to_owned(),
            source: sqlx::Error::PoolClosed,
        })
    }

    async fn await_secret(&self, role: &str) -> Result<Credentials, Error> {
        let credentials = self.credentials().await?;
        if credentials.url.user() == role {
            return Ok(credentials);
        }
        Err(Error::NotArrived {
            secret: self.app.to_owned(),
            role: role.to_owned(),
        })
    }

    async fn roll(&self) -> Result<(), Error> {
        *self.pods.borrow_mut() = self.url();
        assert!(self.pods_work().await, "new pods cannot log in");
        if let Some(arrived) = self.on_its_way.borrow_mut().take() {
            *self.secret.borrow_mut() = arrived;
        }
        self.rolls.set(self.rolls.get() + 1);
        if self.cut_at_roll.get() == Some(self.rolls.get()) {
            self.cut_at_roll.set(None);
            return Err(Error::Output(std::io::ErrorKind::Interrupted.into()));
        }
        Ok(())
    }
}

impl StandIn {
    /// An app on a database of its own, both as deploy.sh makes them.
    async fn new(app: &'static str) -> Self {
        let options: PgConnectOptions = Postgres::shared().new_database().parse().unwrap();
        let roles = Roles::of(app);
        let owner = roles.owner().to_owned();
        let mut admin = options.connect().await.unwrap();
        let create = format!("create role {owner} superuser login password 'first'");
        sqlx::raw_sql(AssertSqlSafe(create))
            .execute(&mut admin)
            .await
            .unwrap();
        let url = format!("postgres://{owner}:first@{app}-database:5432/{owner}");
        let secret = json!({
            "metadata": {"name": format!("{app}-database")},
            "stringData": {},
            "data": {"DATABASE_URL": bytes(&url), "POSTGRES_PASSWORD": bytes("first")},
        });
        Self {
            app,
            roles,
            options,
            secret: RefCell::new(serde_json::from_value(secret).unwrap()),
            on_its_way: RefCell::new(None),
            pods: RefCell::new(url),
            rolls: Cell::new(0),
            cut_at_roll: Cell::new(None),
        }
    }

    fn url(&self) -> String {
        let secret = self.secret.borrow().clone();
        Credentials::read(secret).unwrap().text().to_owned()
    }

    /// A session for who knows the password; none for who does not, or whose login has ended.
    async fn log_in(&self, url: &str) -> Option<PgConnection> {
        let wanted: PgConnectOptions = url.parse().unwrap();
        let password = url.split([':', '@']).nth(2).unwrap();
        let mut admin = self.options.connect().await.unwrap();
        let kept: Option<Option<String>> =
            sqlx::query_scalar("select rolpassword from pg_authid where rolname::text = $1")
                .bind(wanted.get_username())
                .fetch_optional(&mut admin)
                .await
                .unwrap();
        if !scram::verifies(&kept.flatten().unwrap_or_default(), password) {
            return None;
        }
        let options = self.options.clone().username(wanted.get_username());
        options.connect().await.ok()
    }

    async fn pods_work(&self) -> bool {
        let url = self.pods.borrow().clone();
        self.log_in(&url).await.is_some()
    }

    /// `begin`, and the Secret that it prints.
    async fn begin(&self, role: &str) -> Result<Secret, Error> {
        let mut printed = Vec::new();
        begin(self, &self.roles, role, &mut printed).await?;
        Ok(serde_json::from_slice(&printed).unwrap())
    }

    /// All of it, as `./deploy.sh rotate-password` does it.
    async fn rotate(&self) -> Result<(), Error> {
        let role = next(self, &self.roles).await?;
        *self.secret.borrow_mut() = self.begin(&role).await?;
        finish(self, &self.roles, &role).await
    }

    /// After a rotation that came to its end: one login, its password and the owner's are the Secret's, and what opened
    /// the database before does not any more.
    async fn is_rotated(&self, before: &[String]) {
        let credentials = self.credentials().await.unwrap();
        assert_eq!(*self.pods.borrow(), credentials.text());
        let mut session = self.log_in(credentials.text()).await.unwrap();
        let current = credentials.url.user();
        let others = self.roles.others(&mut session, current).await.unwrap();
        assert!(others.is_empty(), "{others:?} can log in too");
        let kept = self.roles.owner_verifier(&mut session).await.unwrap();
        assert!(scram::verifies(&kept, &credentials.owner_password));
        for old in before {
            assert!(self.log_in(old).await.is_none(), "{current}: still let in");
        }
    }
}

fn bytes(text: &str) -> k8s_openapi::ByteString {
    k8s_openapi::ByteString(text.as_bytes().to_vec())
}

/// After what a rotation ends too soon.
#[derive(Clone, Copy, Debug)]
enum Cut {
    Next,
    Begin,
    TheSecret,
    TheRoll,
    TheLoginBefore,
}

async fn cut_off(place: &StandIn, cut: Cut) {
    let roles = &place.roles;
    let before = place.credentials().await.unwrap().url.user().to_owned();
    let role = next(place, roles).await.unwrap();
    if matches!(cut, Cut::Next) {
        return;
    }
    let secret = place.begin(&role).await.unwrap();
    if matches!(cut, Cut::Begin) {
        return;
    }
    *place.secret.borrow_mut() = secret;
    if matches!(cut, Cut::TheSecret) {
        return;
    }
    place.cut_at_roll.set(Some(place.rolls.get() + 1));
    finish(place, roles, &role).await.unwrap_err();
    if matches!(cut, Cut::TheLoginBefore) && before != roles.owner() {
        let credentials = place.credentials().await.unwrap();
        let mut session = place.open(&credentials).await.unwrap();
        roles.end(&mut session.0, &before).await.unwrap();
    }
}

/// For the first rotation, from the owner to a login, and for a later one, from a login to the other.
async fn typed_again_after(app: [&'static str; 2], cut: Cut) {
    for (earlier, app) in app.into_iter().enumerate() {
        let place = StandIn::new(app).await;
        let mut before = vec![place.url()];
        for _ in 0..earlier {
            place.rotate().await.unwrap();
            place.is_rotated(&before).await;
            before.push(place.url());
        }
        cut_off(&place, cut).await;
        assert!(place.pods_work().await, "{cut:?}: the app has no database");
        if place.url() != *before.last().unwrap() {
            before.push(place.url());
        }
        place.rotate().await.unwrap();
        place.is_rotated(&before).await;
    }
}

#[tokio::test]
async fn a_rotation_that_ended_before_anything_was_done_is_typed_again() {
    typed_again_after(["next-one", "next-two"], Cut::Next).await;
}

#[tokio::test]
async fn a_rotation_whose_secret_got_lost_is_typed_again() {
    typed_again_after(["begin-one", "begin-two"], Cut::Begin).await;
}

#[tokio::test]
async fn a_rotation_that_ended_when_the_secret_had_changed_is_typed_again() {
    typed_again_after(["secret-one", "secret-two"], Cut::TheSecret).await;
}

#[tokio::test]
async fn a_rotation_that_ended_when_the_pods_were_new_is_typed_again() {
    typed_again_after(["roll-one", "roll-two"], Cut::TheRoll).await;
}

#[tokio::test]
async fn a_rotation_that_ended_before_the_owner_had_another_password_is_typed_again() {
    typed_again_after(["login-one", "login-two"], Cut::TheLoginBefore).await;
}

#[tokio::test]
async fn a_secret_that_arrives_while_the_cut_off_rotation_is_finished_is_not_locked_out() {
    let place = StandIn::new("late").await;
    place.rotate().await.unwrap();
    let mut before = vec![place.url()];
    let role = next(&place, &place.roles).await.unwrap();
    let late = place.begin(&role).await.unwrap();
    *place.on_its_way.borrow_mut() = Some(late);
    place.rotate().await.unwrap();
    assert!(place.pods_work().await);
    place.is_rotated(&before).await;
    // One roll-out for the rotation before, two for what was left of this one, one for the next.
    assert_eq!(place.rolls.get(), 4);
    before.push(place.url());
    place.rotate().await.unwrap();
    place.is_rotated(&before).await;
}

#[tokio::test]
async fn a_role_whose_turn_it_is_not_is_refused_and_nothing_is_printed() {
    let place = StandIn::new("turn").await;
    let refused = place.begin("turn_b").await;
    assert!(matches!(refused, Err(Error::NotItsTurn(role)) if role == "turn_b"));
    place.begin("turn_a").await.unwrap();
}
