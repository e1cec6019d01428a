//! Rolling updates, evictions and an autoscaler's scale-down under load: no request fails, no charge is lost or
//! made twice.

use std::time::Duration;

use futures_util::future::try_join_all;
use kube::ResourceExt;
use tokio::time::{Instant, sleep};

use super::ClusterWorld;
use crate::check::Seen;
use crate::check::books::Books;
use crate::check::doors::Deployment;
use crate::check::paying::settle;
use crate::cluster::app::App;
use crate::cluster::scale::Workload;
use crate::failure::{Failure, ensure};
use crate::load::{Load, RATE, none_failed};
use crate::poll;

/// Before the first change and after the last, so that what comes late is seen too.
const CALM: Duration = Duration::from_secs(5);
const SCALED_OUT: i32 = 5;
/// Of each service: the second waits until the first was replaced, as its disruption budget asks.
const EVICTED_AT_LEAST: usize = 2;
/// An autoscaler looks every 15 s, at measurements that are as old, and waits for its window.
const SCALED_WITHIN: Duration = Duration::from_mins(3);

pub(crate) async fn lose_nothing(world: &ClusterWorld) -> Seen {
    let app = world.invoice_app().await?.outside;
    settle(&app).await?;
    let unscaled = without_autoscaler(world).await?;
    let load = Load::start(&world.target.ingress_url, RATE)?;
    let done = disturb(world, &load, unscaled.is_none()).await;
    let report = load.stop().await?;
    // Which requests failed says more than that a phase did not end.
    none_failed(&report, RATE)?;
    let done = done?;
    let books = agreed_books(world).await?;
    let seen = format!("{}; {}; {books}", done.join(", "), report.summary());
    match unscaled {
        None => Ok(seen),
        // Two of three are not what the check is called.
        Some(app) => Err(Failure::NotHere(format!(
            "no scale-down, for {} has no autoscaler here that measures; the rest was seen: {seen}",
            app.name()
        ))),
    }
}

async fn without_autoscaler(world: &ClusterWorld) -> Result<Option<App>, Failure> {
    for app in App::ALL {
        if !world.cluster.is_autoscaled(app).await? {
            return Ok(Some(app));
        }
    }
    Ok(None)
}

/// Has everything paid, and compares the books of the pods that there are now.
pub(super) async fn agreed_books(world: &ClusterWorld) -> Result<String, Failure> {
    let (app, provider) = (
        world.invoice_app().await?.outside,
        world.payment_provider().await?,
    );
    settle(&app).await?;
    let books = Books::read(&app, &provider).await?;
    books.ensure_agreed()?;
    Ok(books.summary())
}

async fn disturb(
    world: &ClusterWorld,
    load: &Load,
    autoscaled: bool,
) -> Result<Vec<String>, Failure> {
    load.phase("before the first change");
    sleep(CALM).await;
    let mut done = Vec::new();
    done.push(timed(world, load, "roll-out of both", roll_out(world)).await?);
    done.push(timed(world, load, "evictions", evict_all(world)).await?);
    if autoscaled {
        done.push(timed(world, load, "scale-down", scale_down(world)).await?);
    }
    load.phase("after the last change");
    sleep(CALM).await;
    Ok(done)
}

async fn timed(
    world: &ClusterWorld,
    load: &Load,
    name: &str,
    work: impl Future<Output = Result<String, Failure>>,
) -> Result<String, Failure> {
    world.console().step(name);
    load.phase(name);
    let began = Instant::now();
    let done = work.await?;
    Ok(format!("{done} {} s", began.elapsed().as_secs()))
}

async fn roll_out(world: &ClusterWorld) -> Result<String, Failure> {
    try_join_all(App::ALL.map(|app| world.cluster.begin_roll_out(app))).await?;
    try_join_all(App::ALL.map(|app| world.cluster.await_rolled_out(app))).await?;
    Ok(String::from("roll-out of both"))
}

/// The services' pods alone: a database of one pod cannot be evicted without being away. The two services do not
/// wait for each other.
async fn evict_all(world: &ClusterWorld) -> Result<String, Failure> {
    let evicted = try_join_all(App::ALL.map(|app| evict_each(world, app))).await?;
    evictions(&evicted)
}

/// How many there were of each service: what an autoscaler took away before its turn was not evicted.
fn evictions(evicted: &[usize]) -> Result<String, Failure> {
    ensure(evicted.iter().all(|each| *each >= EVICTED_AT_LEAST), || {
        format!("too few pods were evicted of one of the services: {evicted:?}")
    })?;
    let all: usize = evicted.iter().sum();
    Ok(format!("{all} evictions, one by one in each service,"))
}

/// Evicts a service's pods one by one; gives how many were.
async fn evict_each(world: &ClusterWorld, app: App) -> Result<usize, Failure> {
    let pods = world.cluster.await_service(app).await?;
    let mut evicted = 0;
    for pod in &pods {
        world
            .console()
            .step(&format!("evicting {}", pod.name_any()));
        evicted += usize::from(world.cluster.evict(pod).await?);
    }
    world.cluster.await_service(app).await?;
    Ok(evicted)
}

async fn scale_down(world: &ClusterWorld) -> Result<String, Failure> {
    // New pods are not measured at once, and these were all made just now.
    without_autoscaler(world).await?;
    // Of the autoscaler, since it takes away again what the Deployment alone is asked for, ready or not.
    for app in App::ALL {
        world.cluster.raise_replicas(app, SCALED_OUT).await?;
    }
    try_join_all(App::ALL.map(|app| scaled(world, app, |wanted| wanted >= SCALED_OUT))).await?;
    world
        .console()
        .step("scaled out: waiting for the scale-down");
    world.cluster.lower_replicas_again().await?;
    let left =
        try_join_all(App::ALL.map(|app| scaled(world, app, |wanted| wanted < SCALED_OUT))).await?;
    Ok(format!("scale-down from {SCALED_OUT} to {left:?}"))
}

/// Waits until so many replicas are wanted, and until they are ready and no other is left; gives their number.
async fn scaled(
    world: &ClusterWorld,
    app: App,
    enough: impl Fn(i32) -> bool,
) -> Result<usize, Failure> {
    let what = format!("the autoscaler of {}", app.name());
    poll::until(&what, SCALED_WITHIN, async || {
        let wanted = world
            .cluster
            .wanted_replicas(Workload::Service(app))
            .await?;
        ensure(wanted.is_some_and(&enough), || {
            format!("it wants {wanted:?} replicas")
        })
    })
    .await?;
    Ok(world.cluster.await_service(app).await?.len())
}

#[cfg(test)]
mod tests {
    use super::evictions;

    #[test]
    fn two_evictions_of_each_service_are_enough_and_one_of_either_is_not() {
        let said = evictions(&[3, 2]).unwrap();
        assert!(said.starts_with("5 evictions, one by one"), "{said}");
        for too_few in [[1, 3], [3, 1], [0, 0]] {
            assert!(evictions(&too_few).is_err(), "{too_few:?}");
        }
    }
}
