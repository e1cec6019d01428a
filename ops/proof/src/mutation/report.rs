use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use crate::access::granted;
use crate::rendered::Rendered;

use super::checks::Checks;
use super::mutant::{Kind, Mutant, mutants};

/// How many of a hundred mutants have to be caught, in each kind.
const ENOUGH: usize = 90;

/// Where the reasons stand.
const FILE: &str = "ops/proof/survivors.yaml";

/// The mutants that may live, each with the reason why that does no harm. A `*` stands for any letters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survivors(BTreeMap<String, String>);

/// Why the reasons are not known.
#[derive(Debug, thiserror::Error)]
pub enum SurvivorsError {
    /// The file cannot be read.
    #[error("{path} cannot be read: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is no list of mutants and reasons.
    #[error("{FILE} is no list of mutants, each with a reason: {0}")]
    Malformed(#[from] serde_norway::Error),
}

impl Survivors {
    /// Reads the file of the repository at `root`.
    ///
    /// # Errors
    /// When it cannot be read or says something else.
    pub fn of_repository(root: &Path) -> Result<Self, SurvivorsError> {
        let path = root.join(FILE);
        let text = fs::read_to_string(&path);
        let text = text.map_err(|source| SurvivorsError::Unreadable { path, source })?;
        let reasons: Option<BTreeMap<String, String>> = serde_norway::from_str(&text)?;
        Ok(Self(reasons.unwrap_or_default()))
    }

    /// The pattern that a mutant fits, and the reason.
    fn reason(&self, name: &str) -> Option<(&str, &str)> {
        let mut all = self.0.iter();
        all.find(|(pattern, _)| fits(pattern, name))
            .map(|(pattern, reason)| (pattern.as_str(), reason.as_str()))
    }
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            let mut ends = name.char_indices().map(|(place, _)| place);
            ends.any(|place| fits(rest, &name[place..])) || fits(rest, "")
        }),
    }
}

/// What became of every mutant.
#[derive(Debug, Clone)]
pub struct Report {
    /// What is wrong without any mutation, so that every mutant would seem caught.
    before: Vec<String>,
    counts: BTreeMap<Kind, Count>,
    /// By pattern: how many, and why.
    explained: BTreeMap<String, (usize, String)>,
    unexplained: Vec<String>,
    /// Patterns that no survivor fits.
    needless: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    caught: usize,
    /// Nobody may do more or less than before, since another rule grants the same.
    idle: usize,
    all: usize,
}

/// What became of one mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Caught,
    Idle,
    Lives,
}

/// Tries every mutant of these kinds.
#[must_use]
pub fn judge(
    rendered: &Rendered,
    checks: &Checks,
    survivors: &Survivors,
    kinds: &[Kind],
) -> Report {
    let mut mutants = mutants(rendered);
    mutants.retain(|mutant| kinds.contains(&mutant.kind));
    let mut report = Report {
        before: checks.all_differences(rendered),
        counts: BTreeMap::new(),
        explained: BTreeMap::new(),
        unexplained: Vec::new(),
        needless: Vec::new(),
    };
    for (mutant, fate) in mutants.iter().zip(fates(&mutants, rendered, checks)) {
        let count = report.counts.entry(mutant.kind).or_default();
        count.all += 1;
        match (fate, survivors.reason(&mutant.name)) {
            (Fate::Caught, _) => count.caught += 1,
            (Fate::Idle, _) => count.idle += 1,
            (Fate::Lives, None) => report.unexplained.push(mutant.name.clone()),
            (Fate::Lives, Some((pattern, reason))) => {
                let known = report.explained.entry(pattern.to_owned());
                known.or_insert_with(|| (0, reason.to_owned())).0 += 1;
            }
        }
    }
    let needless = survivors.0.keys();
    let needless = needless.filter(|pattern| !report.explained.contains_key(*pattern));
    report.needless = needless.cloned().collect();
    report
}

/// In order, on every processor.
fn fates(mutants: &[Mutant], rendered: &Rendered, checks: &Checks) -> Vec<Fate> {
    let processors = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = mutants.len().div_ceil(processors).max(1);
    let granted = |rendered: &Rendered| granted(rendered.documents()).matrix.reduced();
    let before = granted(rendered);
    let judged = |mutant: &Mutant| {
        let mutated = mutant.apply(rendered);
        if checks.own_difference(&mutated, mutant.kind).is_some() {
            Fate::Caught
        } else if mutant.kind == Kind::Rights && granted(&mutated) == before {
            Fate::Idle
        } else if checks.other_difference(&mutated, mutant.kind).is_some() {
            Fate::Caught
        } else {
            Fate::Lives
        }
    };
    let judged = &judged;
    thread::scope(|scope| {
        let running: Vec<_> = mutants
            .chunks(share)
            .map(|chunk| scope.spawn(move || chunk.iter().map(judged).collect::<Vec<_>>()))
            .collect();
        let judged = running.into_iter().flat_map(|thread| {
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        judged.collect()
    })
}

impl Report {
    /// What has to be mended, a sentence each: a kind of which too many live, a survivor that nobody explains,
    /// an explanation that nothing needs.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let few = self.counts.iter().filter_map(|(kind, count)| {
            let Count { caught, all, .. } = count;
            let share = caught * 100 / all;
            (share < ENOUGH).then(|| {
                format!(
                    "{kind}: {caught} of {all} mutants are caught, {share} % instead of {ENOUGH} %"
                )
            })
        });
        let unexplained = self.unexplained.iter().map(|name| {
            format!("lives: {name}; add a check that sees it, or to {FILE} why it does no harm")
        });
        let needless = self.needless.iter().map(|name| {
            format!("{FILE} explains a mutant that is caught or not there: {name}; take it out")
        });
        let before = self.before.iter();
        let before = before.map(|difference| format!("without any mutation: {difference}"));
        before
            .chain(few)
            .chain(unexplained)
            .chain(needless)
            .collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut whole = Count::default();
        for (kind, count) in &self.counts {
            line(f, &kind.to_string(), *count)?;
            whole.caught += count.caught;
            whole.idle += count.idle;
            whole.all += count.all;
        }
        line(f, "all", whole)?;
        for (pattern, (count, reason)) in &self.explained {
            writeln!(f, "\n{count} live: {pattern}\n  {reason}")?;
        }
        Ok(())
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, count: Count) -> fmt::Result {
    let Count { caught, idle, all } = count;
    write!(f, "{name:22} {caught:5} of {all:5} caught")?;
    if idle > 0 {
        write!(f, ", {idle} grant what another rule grants too")?;
    }
    writeln!(f)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_stands_for_any_letters() {
        assert!(fits("a/*: b", "a/c: b"));
        assert!(fits("a*", "a"));
        assert!(fits("*/dns: *", "NetworkPolicy invoice/dns: x"));
        assert!(!fits("a/*: b", "a/c: bb"));
        assert!(!fits("a", "ab"));
    }
}
