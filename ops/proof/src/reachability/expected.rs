use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::cast::{COLLECTOR, Surroundings};
use super::matrix::{Matrix, Relation, by_port, summary};
use super::place::made_up;
use super::ports::{NoPort, PortSet};

/// The file in the repository's root.
pub const FILE: &str = "reachability.yaml";

const HEAD: &str = "\
# Who reaches whom: everybody that is called, on which port, by whom. What is not listed is refused.
# `everywhere` is true in each environment, the other sections add to it in theirs. `namespace/*` is every
# place of a namespace. Held to the manifests by `cargo test -p proof`, and to a cluster by acceptance.
# Written by `proof reachability --write`; every change is a change of what is allowed, to be reviewed as such.
#
# invoice/invoice-app, …   the pods of a workload        kube-dns            the cluster's DNS
# NAMESPACE/stranger       a pod without labels          ingress-controller  any pod of its namespace
# NAMESPACE/posing-as-APP  one that wears APP's labels   prometheus          any pod of its namespace
# elsewhere                a namespace of others         collector           who takes traces and logs, if anybody
# imitation                one that wears our labels     internet            addresses outside
# NAMESPACE/with LABEL     whom only a policy names: whoever comes and wears this label
#
# let-out-alone and let-in-alone: what one side allows and the other does not, so that it would be open
# if the other side's policies were lost.
";

/// What reachability.yaml says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Expected {
    #[serde(default)]
    everywhere: Section,
    #[serde(flatten)]
    environments: BTreeMap<String, Section>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct Section {
    reached: Lines,
    let_out_alone: Lines,
    let_in_alone: Lines,
}

/// From who is called to a piece of ports to the callers.
type Lines = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Why it is not known what is expected.
#[derive(Debug, thiserror::Error)]
pub enum ExpectedError {
    /// The file cannot be read or written.
    #[error("{path} cannot be used: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is not the YAML that it should be.
    #[error("reachability.yaml is not what `proof reachability --write` writes: {0}")]
    Malformed(#[from] serde_norway::Error),
    /// A port is none.
    #[error("reachability.yaml: {0}")]
    Port(#[from] NoPort),
}

impl Expected {
    /// Reads the file of the repository at `root`.
    ///
    /// # Errors
    /// When it cannot be read or says something else.
    pub fn of_repository(root: &Path) -> Result<Self, ExpectedError> {
        let path = root.join(FILE);
        let text = fs::read_to_string(&path);
        Self::read(&text.map_err(|source| ExpectedError::File { path, source })?)
    }

    /// Reads the file's text.
    ///
    /// # Errors
    /// When it says something else.
    pub fn read(text: &str) -> Result<Self, ExpectedError> {
        let expected: Self = serde_norway::from_str(text)?;
        for section in expected.sections() {
            for lines in [
                &section.reached,
                &section.let_out_alone,
                &section.let_in_alone,
            ] {
                for piece in lines.values().flat_map(BTreeMap::keys) {
                    piece.parse::<PortSet>()?;
                }
            }
        }
        Ok(expected)
    }

    /// What these environments allow.
    #[must_use]
    pub fn of(matrices: &BTreeMap<String, Matrix>) -> Self {
        let mut environments: BTreeMap<_, _> = matrices
            .iter()
            .map(|(name, matrix)| (name.clone(), Section::of(matrix)))
            .collect();
        let everywhere = environments
            .values()
            .cloned()
            .reduce(|one, other| one.each(&other, shared))
            .unwrap_or_default();
        for section in environments.values_mut() {
            *section = section.each(&everywhere, remaining);
        }
        environments.retain(|_, section| *section != Section::default());
        Self {
            everywhere,
            environments,
        }
    }

    /// What is true on a cluster that has these around: the file is written for one where everybody is there,
    /// each in a namespace of its own.
    pub(super) fn around(&self, around: &Surroundings) -> Self {
        let mut all = self.clone();
        for section in [&mut all.everywhere]
            .into_iter()
            .chain(all.environments.values_mut())
        {
            for lines in [
                &mut section.reached,
                &mut section.let_out_alone,
                &mut section.let_in_alone,
            ] {
                if around.collector.is_none() {
                    *lines = filtered(lines, |to, _, caller| ![to, caller].contains(&COLLECTOR));
                }
                for (one, any) in around.neighbours() {
                    join(lines, one, any);
                }
            }
        }
        all
    }

    /// Writes the file of the repository at `root`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, root: &Path) -> Result<(), ExpectedError> {
        let path = root.join(FILE);
        fs::write(&path, self.to_string()).map_err(|source| ExpectedError::File { path, source })
    }

    /// What should be true in one environment of these places, and the names that are none of them.
    #[must_use]
    pub fn in_environment(&self, environment: &str, places: &[String]) -> (Matrix, Vec<String>) {
        let mut unknown = Vec::new();
        let mut matrix = Matrix {
            places: places.to_vec(),
            ..Matrix::default()
        };
        let own = self.environments.get(environment);
        for section in [Some(&self.everywhere), own].into_iter().flatten() {
            for (lines, relation) in [
                (&section.reached, &mut matrix.reached),
                (&section.let_out_alone, &mut matrix.let_out_alone),
                (&section.let_in_alone, &mut matrix.let_in_alone),
            ] {
                expand(lines, places, relation, &mut unknown);
            }
        }
        unknown.sort();
        unknown.dedup();
        (matrix, unknown)
    }

    /// The workloads that one environment is said to have, as `namespace/name`.
    #[must_use]
    pub fn workloads(&self, environment: &str) -> Vec<String> {
        let own = self.environments.get(environment);
        let sections = [Some(&self.everywhere), own].into_iter().flatten();
        let called = sections.clone().flat_map(|section| section.reached.keys());
        let ports = sections.flat_map(|section| section.reached.values());
        let callers = ports.flat_map(BTreeMap::values).flatten();
        let named: BTreeSet<_> = called.chain(callers).collect();
        let workloads = named.into_iter().filter(|name| {
            let others = ["*", "stranger"].iter().any(|other| name.ends_with(other));
            name.contains('/') && !made_up(name) && !others
        });
        workloads.cloned().collect()
    }

    fn sections(&self) -> impl Iterator<Item = &Section> {
        [&self.everywhere]
            .into_iter()
            .chain(self.environments.values())
    }
}

impl Section {
    fn of(matrix: &Matrix) -> Self {
        let lines = |relation: &Relation| {
            let called = by_port(relation).into_iter().map(|(to, ports)| {
                let ports = ports.into_iter().map(|(piece, callers)| {
                    let callers = summary(&callers, &matrix.places);
                    (piece, callers.into_iter().collect())
                });
                (to.to_owned(), ports.collect())
            });
            called.collect()
        };
        Self {
            reached: lines(&matrix.reached),
            let_out_alone: lines(&matrix.let_out_alone),
            let_in_alone: lines(&matrix.let_in_alone),
        }
    }

    fn each(&self, other: &Self, operation: fn(&Lines, &Lines) -> Lines) -> Self {
        Self {
            reached: operation(&self.reached, &other.reached),
            let_out_alone: operation(&self.let_out_alone, &other.let_out_alone),
            let_in_alone: operation(&self.let_in_alone, &other.let_in_alone),
        }
    }
}

fn shared(one: &Lines, other: &Lines) -> Lines {
    filtered(one, |to, piece, caller| has(other, to, piece, caller))
}

fn remaining(one: &Lines, other: &Lines) -> Lines {
    filtered(one, |to, piece, caller| !has(other, to, piece, caller))
}

fn has(lines: &Lines, to: &str, piece: &str, caller: &str) -> bool {
    lines
        .get(to)
        .and_then(|ports| ports.get(piece))
        .is_some_and(|callers| callers.contains(caller))
}

fn filtered(lines: &Lines, keep: impl Fn(&str, &str, &str) -> bool) -> Lines {
    let mut kept = Lines::new();
    for (to, ports) in lines {
        for (piece, callers) in ports {
            for caller in callers.iter().filter(|caller| keep(to, piece, caller)) {
                let ports = kept.entry(to.clone()).or_default();
                let callers = ports.entry(piece.clone()).or_default();
                callers.insert(caller.clone());
            }
        }
    }
    kept
}

/// What is said of `any` is said of `one` too.
fn join(lines: &mut Lines, one: &str, any: &str) {
    for callers in lines.values_mut().flat_map(BTreeMap::values_mut) {
        if callers.contains(any) {
            callers.insert(one.to_owned());
        }
    }
    let Some(ports) = lines.get(any).cloned() else {
        return;
    };
    let called = lines.entry(one.to_owned()).or_default();
    for (piece, callers) in ports {
        called.entry(piece).or_default().extend(callers);
    }
}

fn expand(lines: &Lines, places: &[String], relation: &mut Relation, unknown: &mut Vec<String>) {
    for (to, ports) in lines {
        if !places.contains(to) {
            unknown.push(to.clone());
        }
        for (piece, callers) in ports {
            let set: PortSet = piece.parse().unwrap_or_default();
            for caller in callers {
                let meant = meant_by(caller, places);
                if meant.is_empty() {
                    unknown.push(caller.clone());
                }
                for from in meant {
                    let known = relation.entry((to.clone(), from.clone())).or_default();
                    *known = known.union(&set);
                }
            }
        }
    }
}

fn meant_by<'a>(caller: &str, places: &'a [String]) -> Vec<&'a String> {
    let fits = |place: &&String| match caller.strip_suffix('*') {
        Some(prefix) => place.starts_with(prefix),
        None => *place == caller,
    };
    places.iter().filter(fits).collect()
}

/// The file's text: one line for each port.
impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(HEAD)?;
        let named = self
            .environments
            .iter()
            .map(|(name, section)| (name.as_str(), section));
        for (name, section) in [("everywhere", &self.everywhere)].into_iter().chain(named) {
            write!(f, "\n{name}:\n")?;
            for (title, lines) in [
                ("reached", &section.reached),
                ("let-out-alone", &section.let_out_alone),
                ("let-in-alone", &section.let_in_alone),
            ] {
                write_lines(f, title, lines)?;
            }
        }
        Ok(())
    }
}

fn write_lines(f: &mut std::fmt::Formatter<'_>, title: &str, lines: &Lines) -> std::fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(f, "  {title}:")?;
    for (to, ports) in lines {
        writeln!(f, "    {to}:")?;
        for (piece, callers) in ports {
            let callers: Vec<_> = callers.iter().map(String::as_str).collect();
            writeln!(f, "      {piece}: [{}]", callers.join(", "))?;
        }
    }
    Ok(())
}
