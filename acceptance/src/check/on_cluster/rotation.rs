//! The passwords of both databases are changed under load, as a person would: by `./deploy.sh rotate-password`.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::ClusterWorld;
use super::rollouts::agreed_books;
use super::script::deploy_sh;
use crate::check::Seen;
use crate::check::doors::Deployment;
use crate::check::paying::settle;
use crate::cluster::app::App;
use crate::cluster::database_secret::{OWNER_PASSWORD, URL};
use crate::failure::{Failure, ensure};
use crate::load::{Load, RATE, none_failed};

/// Before the first change and after the last, so that what comes late is seen too.
const CALM: Duration = Duration::from_secs(3);
const ROTATED_WITHIN: Duration = Duration::from_mins(6);

pub(crate) async fn fails_nobody(world: &ClusterWorld) -> Seen {
    let mut before = Vec::new();
    for app in App::ALL {
        world.cluster.database_pod(app).await?;
        before.push(Logins::of(world, app).await?);
    }
    settle(&world.invoice_app().await?.outside).await?;
    let load = Load::start(&world.target.ingress_url, RATE)?;
    let rotated = rotate_all(world, &load).await;
    let report = load.stop().await?;
    // Which requests failed says more than that a rotation did not end.
    none_failed(&report, RATE)?;
    let rotated = rotated?;
    for old in &before {
        old.replaced(world).await?;
    }
    let books = agreed_books(world).await?;
    Ok(format!(
        "{}: the new ones are let in, the old ones refused; {}; {books}",
        rotated.join(", "),
        report.summary()
    ))
}

/// What opens a database: as the service logs in, and as the owner.
struct Logins {
    app: App,
    service: String,
    owner: String,
}

impl Logins {
    async fn of(world: &ClusterWorld, app: App) -> Result<Self, Failure> {
        let secret = async |key| world.cluster.database_secret(app, key).await;
        let (name, database) = (app.database_name(), app.database());
        let password = secret(OWNER_PASSWORD).await?;
        Ok(Self {
            app,
            service: secret(URL).await?,
            owner: format!("postgres://{name}:{password}@{database}/{name}"),
        })
    }

    async fn each_opens(&self, world: &ClusterWorld) -> Result<[bool; 2], Failure> {
        Ok([
            world.cluster.opens(self.app, &self.service).await?,
            world.cluster.opens(self.app, &self.owner).await?,
        ])
    }

    /// Fails unless these are refused now, and those of the Secret let in.
    async fn replaced(&self, world: &ClusterWorld) -> Result<(), Failure> {
        let database = self.app.database();
        let now = Self::of(world, self.app).await?.each_opens(world).await?;
        ensure(now == [true, true], || {
            format!(
                "{database}: what the Secret holds now is refused (as the service, as the owner: {now:?})"
            )
        })?;
        let old = self.each_opens(world).await?;
        ensure(old == [false, false], || {
            format!(
                "{database}: what the Secret held before is still let in (as the service, as the owner: {old:?})"
            )
        })
    }
}

async fn rotate_all(world: &ClusterWorld, load: &Load) -> Result<Vec<String>, Failure> {
    load.phase("before the first rotation");
    sleep(CALM).await;
    let mut rotated = Vec::new();
    for app in App::ALL {
        let (name, began) = (app.database(), Instant::now());
        let step = format!("changing the password of {name}");
        world.console().step(&step);
        load.phase(&step);
        rotate(world, app).await?;
        rotated.push(format!("{name} in {} s", began.elapsed().as_secs()));
    }
    load.phase("after the last rotation");
    sleep(CALM).await;
    Ok(rotated)
}

async fn rotate(world: &ClusterWorld, app: App) -> Result<(), Failure> {
    let arguments = ["rotate-password", app.name()];
    deploy_sh(world, &arguments, ROTATED_WITHIN).await.map(drop)
}
