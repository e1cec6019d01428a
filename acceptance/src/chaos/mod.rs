//! Faults under load, in an order that a seed decides: what is asked may fail meanwhile, but when all has come
//! back no payment is lost, made twice, or left without an outcome.

mod dice;
mod on_cluster;
mod on_processes;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use tokio::time::{Instant, sleep};

pub(crate) use dice::Dice;

use crate::check::Seen;
use crate::check::books::Books;
use crate::check::doors::Deployment;
use crate::check::paying::settle;
use crate::cli::Storm;
use crate::failure::{Failure, ensure};
use crate::fresh;
use crate::load::{Load, LoadReport};
use crate::run::World;

/// Between two faults: sometimes a second one comes before the first is over.
const PAUSE: (Duration, Duration) = (Duration::from_millis(1_500), Duration::from_secs(7));

/// A deployment that faults can be made in.
pub(crate) trait Fragile: World + Deployment {
    /// A kind of fault.
    type Fault: Copy + Display + 'static;
    /// How often each comes, relative to the others.
    const FAULTS: &'static [(u32, Self::Fault)];

    /// How long, how hard, and in which order.
    fn storm(&self) -> Storm;
    /// Where everybody asks.
    fn front(&self) -> &str;
    /// Makes the fault. What takes itself up again is not waited for.
    async fn strike(&self, fault: Self::Fault, dice: &mut Dice) -> Result<(), Failure>;
    /// Waits until everything is there again.
    async fn await_whole(&self) -> Result<(), Failure>;
}

/// Makes faults under load for as long as was asked for, waits until all has come back, and compares the books.
pub(crate) async fn survived<W: Fragile>(world: &W) -> Seen {
    let storm = world.storm();
    let seed = storm.seed.unwrap_or_else(fresh::seed);
    let console = World::console(world);
    console.step(&format!(
        "seed {seed}: the same faults again with --seed {seed}"
    ));
    settle(&world.invoice_app().await?.outside).await?;
    let load = Load::start(world.front(), storm.rate)?;
    let faults = strike_until(world, &load, Instant::now() + storm.lasts, seed).await;
    let report = load.stop().await?;
    let faults = faults?;
    console
        .step("the load ends: waiting until everything is back and every payment has its outcome");
    world.put_back().await?;
    world.await_whole().await?;
    let (app, provider) = (
        world.invoice_app().await?.outside,
        world.payment_provider().await?,
    );
    settle(&app).await?;
    verdict(seed, &faults, &report, &Books::read(&app, &provider).await?)
}

/// Faults by their words, and how many there were.
type Faults = BTreeMap<String, u32>;

async fn strike_until<W: Fragile>(
    world: &W,
    load: &Load,
    end: Instant,
    seed: u64,
) -> Result<Faults, Failure> {
    let mut dice = Dice::new(seed);
    let mut faults = Faults::new();
    let console = World::console(world);
    loop {
        let pause = dice.between(PAUSE.0, PAUSE.1);
        if Instant::now() + pause >= end {
            tokio::time::sleep_until(end).await;
            return Ok(faults);
        }
        sleep(pause).await;
        let fault = dice.choose(W::FAULTS);
        console.step(&fault.to_string());
        load.phase(&fault.to_string());
        match world.strike(fault, &mut dice).await {
            Ok(()) => *faults.entry(fault.to_string()).or_default() += 1,
            // What an earlier fault took away cannot be struck now.
            Err(failure) => console.step(&format!("not done: {failure}")),
        }
    }
}

fn verdict(seed: u64, faults: &Faults, report: &LoadReport, books: &Books) -> Seen {
    books.ensure_agreed()?;
    let total: u32 = faults.values().sum();
    ensure(total > 0 && report.paid > 0, || {
        format!(
            "{total} faults were made and {} payments: too few to say anything",
            report.paid
        )
    })?;
    let each: Vec<String> = faults
        .iter()
        .map(|(fault, count)| format!("{fault} {count}x"))
        .collect();
    Ok(format!(
        "seed {seed}, {total} faults ({}); {}; {}",
        each.join(", "),
        report.summary(),
        books.summary()
    ))
}
