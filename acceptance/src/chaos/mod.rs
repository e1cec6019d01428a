//! Faults under load, in an order that a seed decides: what is asked may fail meanwhile, but when all has come
//! back no payment is lost, made twice, or left without an outcome.

mod dice;
mod made;
mod on_cluster;
mod on_processes;

use std::fmt::Display;
use std::time::Duration;

use tokio::time::{Instant, sleep};

pub(crate) use dice::Dice;
use made::Made;

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

/// In a run of this length or more every kind of fault is made: each comes once before any comes again, and half of
/// the time is for waiting until what an earlier one took away can be struck.
const EACH_KIND_WITHIN: Duration = Duration::from_mins(2);
/// How soon a fault that could not be made is tried again.
const AGAIN: Duration = Duration::from_millis(500);

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
    let made = strike_until(world, &load, Instant::now() + storm.lasts, seed).await;
    let report = load.stop().await?;
    console
        .step("the load ends: waiting until everything is back and every payment has its outcome");
    world.put_back().await?;
    world.await_whole().await?;
    let (app, provider) = (
        world.invoice_app().await?.outside,
        world.payment_provider().await?,
    );
    settle(&app).await?;
    let books = Books::read(&app, &provider).await?;
    let every_kind = storm.lasts >= EACH_KIND_WITHIN;
    verdict(seed, &made, every_kind, &report, &books)
}

async fn strike_until<W: Fragile>(world: &W, load: &Load, end: Instant, seed: u64) -> Made {
    let mut dice = Dice::new(seed);
    let mut first: Vec<W::Fault> = W::FAULTS.iter().map(|(_, fault)| *fault).collect();
    dice.shuffle(&mut first);
    let mut made = Made::none_of(first.iter().map(ToString::to_string));
    let mut first = first.into_iter();
    let console = World::console(world);
    loop {
        let pause = dice.between(PAUSE.0, PAUSE.1);
        if Instant::now() + pause >= end {
            tokio::time::sleep_until(end).await;
            return made;
        }
        sleep(pause).await;
        let next = first.next();
        let fault = next.unwrap_or_else(|| dice.choose(W::FAULTS));
        console.step(&fault.to_string());
        load.phase(&fault.to_string());
        let own = dice.seed();
        loop {
            match world.strike(fault, &mut Dice::new(own)).await {
                Ok(()) => made.once_more(&fault.to_string()),
                Err(Failure::NotHere(why)) => made.cannot(&fault.to_string(), &why),
                // What an earlier fault took away cannot be struck now: the first time that is waited for.
                Err(_) if next.is_some() && Instant::now() + AGAIN < end => {
                    sleep(AGAIN).await;
                    continue;
                }
                Err(failure) => console.step(&format!("not done: {failure}")),
            }
            break;
        }
    }
}

fn verdict(seed: u64, made: &Made, every_kind: bool, report: &LoadReport, books: &Books) -> Seen {
    books.ensure_agreed()?;
    ensure(made.total() > 0 && report.paid > 0, || {
        format!(
            "{} faults were made and {} payments: too few to say anything",
            made.total(),
            report.paid
        )
    })?;
    let missing = made.missing();
    ensure(!every_kind || missing.is_empty(), || {
        format!("faults that were never made: {}", missing.join(", "))
    })?;
    Ok(format!(
        "seed {seed}, {} faults ({made}); {}; {}",
        made.total(),
        report.summary(),
        books.summary()
    ))
}

#[cfg(test)]
mod tests {
    use super::{Made, verdict};
    use crate::check::books::Books;
    use crate::load::LoadReport;
    use std::time::Duration;

    #[test]
    fn a_run_that_is_long_enough_and_lacks_a_kind_of_fault_has_shown_nothing() {
        let report = LoadReport {
            took: Duration::from_secs(1),
            requests: 1,
            failed: 0,
            failures: Vec::new(),
            created: 1,
            paid: 1,
            undecided: 0,
            p50: Duration::ZERO,
            p99: Duration::ZERO,
        };
        let judged = |made: &Made, long: bool| verdict(7, made, long, &report, &Books::default());
        let mut made = Made::none_of(["cut", "kill"].map(String::from).into_iter());
        assert!(judged(&made, false).is_err(), "nothing was made");
        made.once_more("cut");
        judged(&made, false).unwrap();
        let failure = judged(&made, true).unwrap_err().to_string();
        assert_eq!(failure, "faults that were never made: kill");
        made.once_more("kill");
        judged(&made, true).unwrap();
    }
}
