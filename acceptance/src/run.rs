//! One run: the checks of the target in order, then everything as it was.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;

use crate::check::on_cluster::{self, ClusterWorld};
use crate::check::on_processes::{self, ProcessWorld};
use crate::check::{Check, Seen};
use crate::cli::{Command, Options, Storm};
use crate::client::{Http, HttpError};
use crate::cluster::{Cluster, ConnectError};
use crate::failure::Failure;
use crate::report::{Console, Line, Report, Verdict};
use crate::run_lock;
use crate::target::{self, Target, TargetError};

/// How a run ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ended {
    /// No check failed.
    Green,
    /// A check failed, or something was left behind.
    Red,
    /// Somebody interrupted it; everything was put back.
    Interrupted,
}

impl Ended {
    /// 0, 1 or 130.
    #[must_use]
    pub fn exit_code(self) -> ExitCode {
        match self {
            Self::Green => ExitCode::SUCCESS,
            Self::Red => ExitCode::FAILURE,
            Self::Interrupted => ExitCode::from(130),
        }
    }
}

/// Why there was no run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It is not known where the deployment is.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The cluster cannot be asked.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The run cannot begin, or its turn cannot be given up.
    #[error("{0}")]
    Setup(String),
    /// No check has such a name.
    #[error("No check has `{0}` in its name. `acceptance --list` shows the names.")]
    NoSuchCheck(String),
}

impl RunError {
    /// Always 2: nothing was tested.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(2)
    }
}

impl From<HttpError> for RunError {
    fn from(error: HttpError) -> Self {
        Self::Setup(error.to_string())
    }
}

/// A deployment under test that can be put back as it was.
pub(crate) trait World {
    /// Where progress is said.
    fn console(&self) -> &Console;
    /// Takes out what was put in, and brings back what was taken away. Says what there was to do.
    async fn put_back(&self) -> Result<Vec<String>, Failure>;
}

/// Runs the checks that were asked for against what is deployed.
///
/// # Errors
/// When there is nothing to test: no target, a cluster that does not answer, or no check of that name.
pub async fn run(options: &Options, console: &Arc<Console>) -> Result<Ended, RunError> {
    if options.list {
        list(options, console);
        return Ok(Ended::Green);
    }
    let target = target::read(&options.target)?;
    match target {
        Target::Cluster(target) => {
            let (checks, storm) = chosen(on_cluster::CHECKS, on_cluster::CHAOS, options)?;
            console.say(&format!(
                "Acceptance on kube context `{}`, environment {}.",
                target.context, target.environment
            ));
            let cluster = Cluster::connect(&target).await?;
            let turn = cluster.take_turn(console).await.map_err(setup)?;
            let world =
                ClusterWorld::new(cluster, Http::new()?, target, Arc::clone(console), storm);
            let ended = until_done_or_interrupted(&world, &checks, options).await;
            turn.give_up().await.map_err(setup)?;
            ended
        }
        Target::Processes(target) => {
            let (checks, storm) = chosen(on_processes::CHECKS, on_processes::CHAOS, options)?;
            let _lock = run_lock::take(&options.target).map_err(setup)?;
            console.say("Acceptance on both services as processes of this machine.");
            let world = ProcessWorld::new(target, Http::new()?, Arc::clone(console), storm);
            until_done_or_interrupted(&world, &checks, options).await
        }
    }
}

fn setup(error: impl std::fmt::Display) -> RunError {
    RunError::Setup(error.to_string())
}

fn list(options: &Options, console: &Console) {
    let target = target::read(&options.target).ok();
    if !matches!(target, Some(Target::Processes(_))) {
        console.say("On a cluster:");
        list_of(on_cluster::CHECKS, console);
    }
    if !matches!(target, Some(Target::Cluster(_))) {
        console.say("On processes of this machine:");
        list_of(on_processes::CHECKS, console);
    }
}

fn list_of<W>(checks: &[Check<W>], console: &Console) {
    let width = checks
        .iter()
        .map(|check| check.name.len())
        .max()
        .unwrap_or(0);
    for check in checks {
        console.say(&format!("  {:width$}  {}", check.name, check.about));
    }
}

/// The checks that were asked for, or chaos in their place.
fn chosen<'a, W>(
    checks: &'a [Check<W>],
    chaos: &'a [Check<W>],
    options: &Options,
) -> Result<(Vec<&'a Check<W>>, Storm), RunError> {
    if let Some(Command::Chaos(storm)) = options.command {
        return Ok((chaos.iter().collect(), storm));
    }
    let pattern = options.only.as_deref().unwrap_or("");
    let chosen: Vec<_> = checks
        .iter()
        .filter(|check| check.name.contains(pattern))
        .collect();
    if chosen.is_empty() {
        Err(RunError::NoSuchCheck(pattern.to_owned()))
    } else {
        Ok((chosen, Storm::default()))
    }
}

async fn until_done_or_interrupted<W: World>(
    world: &W,
    checks: &[&Check<W>],
    options: &Options,
) -> Result<Ended, RunError> {
    let mut report = Report::default();
    let interrupted = tokio::select! {
        () = all(world, checks, options.require_all, &mut report) => false,
        signal = interruption() => {
            signal.map_err(|error| RunError::Setup(format!("signals cannot be awaited: {error}")))?;
            true
        }
    };
    if interrupted {
        world
            .console()
            .say("\nInterrupted: putting everything back first.");
    }
    let put_back = world.put_back().await;
    if let Err(failure) = &put_back {
        report.lines.push(Line {
            check: "put-back",
            verdict: Verdict::Failed,
            took: std::time::Duration::ZERO,
            evidence: failure.to_string(),
        });
    }
    world.console().closing(&report);
    if let Some(path) = &options.skipped {
        let names: String = report
            .skipped()
            .iter()
            .flat_map(|name| [*name, "\n"])
            .collect();
        std::fs::write(path, names)
            .map_err(|error| setup(format!("{}: {error}", path.display())))?;
    }
    Ok(match (interrupted, report.is_green()) {
        (true, _) => Ended::Interrupted,
        (false, true) => Ended::Green,
        (false, false) => Ended::Red,
    })
}

async fn interruption() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => interrupt,
        _ = terminate.recv() => Ok(()),
    }
}

async fn all<W: World>(world: &W, checks: &[&Check<W>], require_all: bool, report: &mut Report) {
    match world.put_back().await {
        Ok(done) if done.is_empty() => {}
        Ok(done) => world.console().say(&format!(
            "Put back after an earlier run: {}.",
            done.join(", ")
        )),
        Err(failure) => world
            .console()
            .say(&format!("An earlier run left something behind: {failure}")),
    }
    let mut done = 0;
    while let Some(group) = checks.get(done..).and_then(next_group) {
        let lines = side_by_side(world, group, (done, checks.len()), require_all).await;
        let failed = lines.iter().any(|line| line.verdict == Verdict::Failed);
        report.lines.extend(lines);
        done += group.len();
        if failed {
            // What the check could not put back itself must not make the next one fail.
            if let Err(failure) = world.put_back().await {
                world
                    .console()
                    .step(&format!("putting things back: {failure}"));
            }
        }
    }
}

/// The first check; with those after it that look on, if it does.
fn next_group<'a, 'c, W>(checks: &'a [&'c Check<W>]) -> Option<&'a [&'c Check<W>]> {
    let looking_on = checks.iter().take_while(|check| check.looks_on).count();
    checks.get(..looking_on.max(1))
}

/// Runs them at the same moment; gives what became of them in their order.
async fn side_by_side<W: World>(
    world: &W,
    group: &[&Check<W>],
    (before, all): (usize, usize),
    require_all: bool,
) -> Vec<Line> {
    for (index, check) in group.iter().enumerate() {
        world
            .console()
            .started(before + index + 1, all, check.name, check.about);
    }
    let run = async |check: &Check<W>| {
        let start = Instant::now();
        let seen = (check.run)(world).await;
        let line = line(check.name, seen, require_all, start);
        world.console().ended(&line);
        line
    };
    join_all(group.iter().map(|check| run(check))).await
}

fn line(check: &'static str, seen: Seen, require_all: bool, start: Instant) -> Line {
    let (verdict, evidence) = match seen {
        Ok(evidence) => (Verdict::Passed, evidence),
        Err(Failure::NotHere(why)) if require_all => {
            (Verdict::Failed, format!("not to be skipped, but: {why}"))
        }
        Err(Failure::NotHere(why)) => (Verdict::Skipped, why),
        Err(failure) => (Verdict::Failed, failure.to_string()),
    };
    Line {
        check,
        verdict,
        took: start.elapsed(),
        evidence,
    }
}

#[cfg(test)]
mod tests {
    use super::{World, until_done_or_interrupted};
    use crate::check::Check;
    use crate::cli::Options;
    use crate::failure::{Failure, ensure};
    use crate::report::Console;
    use crate::run::Ended;
    use clap::Parser;
    use std::cell::Cell;
    use std::io::Write;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;
    use tokio::sync::Barrier;
    use tokio::time::timeout;

    const PATIENCE: Duration = Duration::from_secs(10);

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    struct Sketch {
        console: Console,
        put_back: Cell<u32>,
        stuck: bool,
        /// Nobody leaves it alone.
        meeting: Barrier,
        inside: Cell<u32>,
    }

    impl World for Sketch {
        fn console(&self) -> &Console {
            &self.console
        }

        async fn put_back(&self) -> Result<Vec<String>, Failure> {
            self.put_back.set(self.put_back.get() + 1);
            if self.stuck {
                Err(Failure::wrong("a pod stays"))
            } else {
                Ok(Vec::new())
            }
        }
    }

    const GOOD: Check<Sketch> = Check {
        name: "good",
        about: "passes",
        looks_on: false,
        run: |_| Box::pin(async { Ok(String::from("seen")) }),
    };
    const BAD: Check<Sketch> = Check {
        name: "bad",
        about: "fails",
        looks_on: false,
        run: |_| Box::pin(async { Err(Failure::wrong("not seen")) }),
    };
    const ABSENT: Check<Sketch> = Check {
        name: "absent",
        about: "has nothing to look at",
        looks_on: false,
        run: |_| Box::pin(async { Err(Failure::NotHere(String::from("no database"))) }),
    };

    const MEETING: Check<Sketch> = Check {
        name: "meeting",
        about: "waits for another",
        looks_on: true,
        run: |world| {
            Box::pin(async {
                world.meeting.wait().await;
                Ok(String::from("met"))
            })
        },
    };
    const ALONE: Check<Sketch> = Check {
        name: "alone",
        about: "finds nobody else",
        looks_on: false,
        run: |world| {
            Box::pin(async {
                world.inside.set(world.inside.get() + 1);
                tokio::task::yield_now().await;
                let inside = world.inside.replace(0);
                ensure(inside == 1, || format!("{inside} at the same moment"))?;
                Ok(String::from("nobody"))
            })
        },
    };

    async fn run(checks: &[&Check<Sketch>], stuck: bool) -> (Ended, String, u32) {
        run_with(checks, stuck, &["acceptance"]).await
    }

    async fn run_with(
        checks: &[&Check<Sketch>],
        stuck: bool,
        arguments: &[&str],
    ) -> (Ended, String, u32) {
        let paper = Paper::default();
        let console = Console::new(Box::new(paper.clone()), false);
        let sketch = Sketch {
            console,
            put_back: Cell::new(0),
            stuck,
            meeting: Barrier::new(2),
            inside: Cell::new(0),
        };
        let ended = until_done_or_interrupted(&sketch, checks, &Options::parse_from(arguments))
            .await
            .unwrap();
        let text = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        (ended, text, sketch.put_back.get())
    }

    #[tokio::test]
    async fn a_green_run_ends_with_the_closing_line() {
        let (ended, text, put_back) = run(&[&GOOD, &ABSENT], false).await;
        assert_eq!(ended, Ended::Green);
        assert_eq!(text.lines().last(), Some("1 passed, 0 failed, 1 skipped"));
        assert_eq!(put_back, 2, "before the first check and after the last");
    }

    #[tokio::test]
    async fn a_failed_check_is_followed_by_the_others_after_putting_things_back() {
        let (ended, text, put_back) = run(&[&BAD, &GOOD], false).await;
        assert_eq!(ended, Ended::Red);
        assert!(
            text.contains("FAILED after") && text.contains("not seen"),
            "{text}"
        );
        assert_eq!(text.lines().last(), Some("1 passed, 1 failed"));
        assert_eq!(put_back, 3);
    }

    #[tokio::test]
    async fn where_all_is_required_a_check_that_has_nothing_to_look_at_fails() {
        let all = ["acceptance", "--require-all"];
        let (ended, text, _) = run_with(&[&GOOD, &ABSENT], false, &all).await;
        assert_eq!(ended, Ended::Red);
        assert!(text.contains("no database"), "{text}");
        assert_eq!(text.lines().last(), Some("1 passed, 1 failed"));
        assert_eq!(run_with(&[&GOOD], false, &all).await.0, Ended::Green);
    }

    #[tokio::test]
    async fn what_was_skipped_is_written_down_and_nothing_where_nothing_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("skipped");
        let arguments = ["acceptance", "--skipped", path.to_str().unwrap()];
        run_with(&[&GOOD, &ABSENT, &BAD], false, &arguments).await;
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "absent\n");
        run_with(&[&GOOD], false, &arguments).await;
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "");
    }

    #[tokio::test]
    async fn checks_that_look_on_run_side_by_side_and_the_others_alone() {
        let checks = [&ALONE, &MEETING, &MEETING, &ALONE, &ALONE];
        let (ended, text, _) = timeout(PATIENCE, run(&checks, false)).await.unwrap();
        assert_eq!(ended, Ended::Green, "{text}");
        assert_eq!(text.lines().last(), Some("5 passed, 0 failed"));
    }

    #[tokio::test]
    async fn something_left_behind_makes_a_run_red() {
        let (ended, text, _) = run(&[&GOOD], true).await;
        assert_eq!(ended, Ended::Red);
        assert!(text.contains("a pod stays"), "{text}");
    }
}
