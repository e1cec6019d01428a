use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde::Deserialize;

use crate::access::granted;
use crate::rendered::Rendered;

use super::checks::Checks;
use super::mutant::{Kind, Mutant, mutants};

/// How many of a hundred mutants have to be caught, in each kind.
const ENOUGH: usize = 90;

/// Where the reasons stand.
const FILE: &str = "ops/proof/survivors.yaml";

/// The mutants that may live: how many, and the reason why that does no harm. A `*` stands for any letters, and
/// the number keeps it from excusing more than was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survivors(BTreeMap<String, Excuse>);

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Excuse {
    live: usize,
    because: String,
}

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
    #[error("{FILE} is no list of mutants, each with how many live and because of what: {0}")]
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
        Self::read(&text)
    }

    fn read(text: &str) -> Result<Self, SurvivorsError> {
        let excuses: Option<BTreeMap<String, Excuse>> = serde_norway::from_str(text)?;
        Ok(Self(excuses.unwrap_or_default()))
    }

    /// The pattern that a mutant fits.
    fn pattern(&self, name: &str) -> Option<&str> {
        let mut all = self.0.keys();
        all.find(|pattern| fits(pattern, name)).map(String::as_str)
    }

    /// Patterns that excuse more or fewer mutants than they say.
    fn miscounted(&self, living: &BTreeMap<String, Vec<String>>) -> Vec<String> {
        let count = |pattern: &str| living.get(pattern).map_or(0, Vec::len);
        let wrong = self.0.iter();
        let wrong = wrong.filter(|(pattern, excuse)| count(pattern) != excuse.live);
        wrong
            .map(|(pattern, excuse)| {
                format!(
                    "{FILE}: of `{pattern}` {} live, not {}; see whether the reason holds for each of them: {}",
                    count(pattern),
                    excuse.live,
                    living.get(pattern).map_or_else(String::new, |names| names.join(", "))
                )
            })
            .collect()
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
    /// Those that live, by the pattern that excuses them.
    explained: BTreeMap<String, Vec<String>>,
    reasons: Survivors,
    unexplained: Vec<String>,
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
        reasons: survivors.clone(),
        unexplained: Vec::new(),
    };
    for (mutant, fate) in mutants.iter().zip(fates(&mutants, rendered, checks)) {
        let count = report.counts.entry(mutant.kind).or_default();
        count.all += 1;
        match (fate, survivors.pattern(&mutant.name)) {
            (Fate::Caught, _) => count.caught += 1,
            (Fate::Idle, _) => count.idle += 1,
            (Fate::Lives, None) => report.unexplained.push(mutant.name.clone()),
            (Fate::Lives, Some(pattern)) => {
                let known = report.explained.entry(pattern.to_owned());
                known.or_default().push(mutant.name.clone());
            }
        }
    }
    report
}

/// In order, on every processor: each takes the next one that nobody has, since some kinds take much longer.
fn fates(mutants: &[Mutant], rendered: &Rendered, checks: &Checks) -> Vec<Fate> {
    let processors = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let next = AtomicUsize::new(0);
    let granted = |rendered: &Rendered| granted(rendered.documents()).matrix.reduced();
    let before = granted(rendered);
    let judged = |mutated: &Rendered, kind: Kind| {
        if checks.own_difference(mutated, kind).is_some() {
            Fate::Caught
        } else if kind == Kind::Rights && granted(mutated) == before {
            Fate::Idle
        } else if checks.other_difference(mutated, kind).is_some() {
            Fate::Caught
        } else {
            Fate::Lives
        }
    };
    let some = || {
        let mut rendered = rendered.clone();
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(mutant) = mutants.get(index) else {
                return done;
            };
            let fate = mutant.within(&mut rendered, |mutated| judged(mutated, mutant.kind));
            done.push((index, fate));
        }
    };
    let mut fates: Vec<(usize, Fate)> = thread::scope(|scope| {
        let running: Vec<_> = (0..processors).map(|_| scope.spawn(some)).collect();
        let done = running.into_iter().flat_map(|thread| {
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        done.collect()
    });
    fates.sort_unstable_by_key(|(index, _)| *index);
    fates.into_iter().map(|(_, fate)| fate).collect()
}

impl Report {
    /// What has to be mended, a sentence each: a kind of which too many live, a survivor that nobody explains,
    /// an explanation of more or fewer than it says.
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
        let before = self.before.iter();
        let before = before.map(|difference| format!("without any mutation: {difference}"));
        before
            .chain(few)
            .chain(unexplained)
            .chain(self.reasons.miscounted(&self.explained))
            .collect()
    }
}

impl Report {
    /// How many are caught, in one line.
    #[must_use]
    pub fn figure(&self) -> String {
        let Count { caught, idle, all } = self.whole();
        let live = all - caught - idle;
        format!("mutants: {caught} of {all} caught, {idle} change nothing, {live} live")
    }

    fn whole(&self) -> Count {
        let mut whole = Count::default();
        for count in self.counts.values() {
            whole.caught += count.caught;
            whole.idle += count.idle;
            whole.all += count.all;
        }
        whole
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, count) in &self.counts {
            line(f, &kind.to_string(), *count)?;
        }
        line(f, "all", self.whole())?;
        for (pattern, names) in &self.explained {
            let reason = self.reasons.0.get(pattern);
            let reason = reason.map_or("", |excuse| excuse.because.as_str());
            writeln!(f, "\n{} live: {pattern}\n  {reason}", names.len())?;
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
    use std::collections::BTreeMap;

    use super::{Survivors, fits};

    #[test]
    fn a_star_stands_for_any_letters() {
        assert!(fits("a/*: b", "a/c: b"));
        assert!(fits("a*", "a"));
        assert!(fits("*/dns: *", "NetworkPolicy invoice/dns: x"));
        assert!(!fits("a/*: b", "a/c: bb"));
        assert!(!fits("a", "ab"));
    }

    #[test]
    fn a_reason_holds_for_as_many_mutants_as_it_says() {
        let survivors = Survivors::read("'a *': {live: 2, because: it is so}").unwrap();
        let living = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            BTreeMap::from([("a *".to_owned(), names)])
        };
        assert!(survivors.miscounted(&living(&["a b", "a c"])).is_empty());
        for names in [&["a b"][..], &["a b", "a c", "a d"]] {
            let complaint = survivors.miscounted(&living(names)).join("");
            assert!(complaint.contains(names[0]), "{complaint}");
        }
        assert_eq!(survivors.miscounted(&BTreeMap::new()).len(), 1);
        assert!(Survivors::read("'a *': it is so").is_err());
    }
}
