use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::matrix::{Grant, Matrix, Place, Resource, Subject};

/// What `access.yaml` says.
#[derive(Debug, Clone)]
pub struct Expected {
    teams: Vec<String>,
    rows: Vec<Row>,
    /// Of all rows, made once: every mutant is compared with it.
    everywhere: Matrix,
}

/// Why `access.yaml` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ExpectedError {
    /// There is no such file, or it cannot be read.
    #[error("{path} cannot be read: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is not the YAML that it should be.
    #[error("access.yaml cannot be understood: {0}")]
    Malformed(#[from] serde_norway::Error),
    /// One of its entries says nothing that has a meaning.
    #[error("access.yaml, {who} in {place}: {complaint}")]
    Meaningless {
        /// The entry's `who`.
        who: String,
        /// The entry's `in`.
        place: String,
        /// What is wrong.
        complaint: String,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    teams: Vec<String>,
    verbs: BTreeMap<String, String>,
    access: Vec<Entry>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    who: String,
    #[serde(rename = "in")]
    place: String,
    #[serde(default)]
    with: Option<Part>,
    #[serde(default, rename = "as")]
    same_as: Vec<String>,
    may: BTreeMap<String, Verbs>,
}

/// What a cluster may be without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Part {
    ArgoCd,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Verbs {
    OfAll(String),
    OfSome(BTreeMap<String, String>),
}

#[derive(Debug, Clone)]
struct Row {
    who: Subject,
    place: Place,
    with: Option<Part>,
    grants: BTreeSet<Grant>,
}

/// The word for any object, where others are named beside it.
const ANY: &str = "any";

impl Expected {
    /// Reads `access.yaml` of the repository at `root`.
    ///
    /// # Errors
    /// When it cannot be read or understood.
    pub fn of_repository(root: &Path) -> Result<Self, ExpectedError> {
        let path = root.join("access.yaml");
        let text = fs::read_to_string(&path)
            .map_err(|source| ExpectedError::Unreadable { path, source })?;
        Self::parse(&text)
    }

    /// Reads the text of an `access.yaml`.
    ///
    /// # Errors
    /// When it cannot be understood.
    pub fn parse(text: &str) -> Result<Self, ExpectedError> {
        let file: File = serde_norway::from_str(text)?;
        let entries: Vec<_> = file
            .access
            .iter()
            .flat_map(|entry| entry.for_each_team(&file.teams))
            .collect();
        let mut rows = Vec::new();
        let mut own = Matrix::default();
        for entry in &entries {
            let row = entry.row(&file.verbs)?;
            own.allow(&row.who, &row.place, row.grants.clone());
            rows.push(row);
        }
        for (row, entry) in rows.iter_mut().zip(&entries) {
            for other in &entry.same_as {
                let grants = Subject::parse(other)
                    .map(|other| own.grants(&other, &row.place))
                    .filter(|grants| !grants.is_empty());
                let grants = grants
                    .ok_or_else(|| entry.meaningless(format!("{other} may nothing there")))?;
                row.grants.extend(grants);
            }
        }
        Ok(Self {
            teams: file.teams,
            everywhere: matrix(&rows, |_| true),
            rows,
        })
    }

    /// The teams, which are also the names of their namespaces.
    #[must_use]
    pub fn teams(&self) -> &[String] {
        &self.teams
    }

    /// Who may do what in a cluster that has everything.
    #[must_use]
    pub fn everywhere(&self) -> &Matrix {
        &self.everywhere
    }

    /// Who may do what in a cluster without Argo CD.
    #[must_use]
    pub fn without_argo_cd(&self) -> Matrix {
        matrix(&self.rows, |row| row.with != Some(Part::ArgoCd))
    }
}

fn matrix(rows: &[Row], counts: impl Fn(&Row) -> bool) -> Matrix {
    let mut matrix = Matrix::default();
    for row in rows.iter().filter(|row| counts(row)) {
        matrix.allow(&row.who, &row.place, row.grants.clone());
    }
    matrix
}

impl Entry {
    fn for_each_team(&self, teams: &[String]) -> Vec<Self> {
        let texts = [&self.who, &self.place];
        if !texts.iter().any(|text| text.contains("TEAM")) {
            return vec![self.clone()];
        }
        let named = |team: &String| {
            let name = |text: &String| text.replace("TEAM", team);
            Self {
                who: name(&self.who),
                place: name(&self.place),
                same_as: self.same_as.iter().map(name).collect(),
                ..self.clone()
            }
        };
        teams.iter().map(named).collect()
    }

    fn row(&self, words: &BTreeMap<String, String>) -> Result<Row, ExpectedError> {
        let who = Subject::parse(&self.who).ok_or_else(|| {
            self.meaningless("`who` is neither `group NAME` nor `account NAMESPACE/NAME`")
        })?;
        let place = match self.place.as_str() {
            "cluster" => Place::Cluster,
            name => Place::Namespace(name.to_owned()),
        };
        let mut grants = BTreeSet::new();
        for (resource, verbs) in &self.may {
            let resource = Resource::parse(resource);
            for (object, verbs) in verbs.by_object() {
                let verbs = spelled_out(verbs, words);
                if verbs.is_empty() {
                    return Err(self.meaningless(format!("{resource} has no verbs")));
                }
                grants.extend(verbs.into_iter().map(|verb| Grant {
                    resource: resource.clone(),
                    object: object.map(str::to_owned),
                    verb,
                }));
            }
        }
        Ok(Row {
            who,
            place,
            with: self.with,
            grants,
        })
    }

    fn meaningless(&self, complaint: impl Into<String>) -> ExpectedError {
        ExpectedError::Meaningless {
            who: self.who.clone(),
            place: self.place.clone(),
            complaint: complaint.into(),
        }
    }
}

impl Verbs {
    fn by_object(&self) -> Vec<(Option<&str>, &str)> {
        match self {
            Self::OfAll(verbs) => vec![(None, verbs)],
            Self::OfSome(objects) => {
                let each = objects.iter().flat_map(|(objects, verbs)| {
                    objects
                        .split_whitespace()
                        .map(move |object| (Some(object).filter(|name| *name != ANY), verbs))
                });
                each.map(|(object, verbs)| (object, verbs.as_str()))
                    .collect()
            }
        }
    }
}

fn spelled_out(verbs: &str, words: &BTreeMap<String, String>) -> Vec<String> {
    let each = verbs.split_whitespace().flat_map(|verb| {
        let meaning = words.get(verb).map_or(verb, String::as_str);
        meaning.split_whitespace().map(str::to_owned)
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(access: &str) -> Result<Expected, ExpectedError> {
        Expected::parse(&format!(
            "teams: [red, blue]\nverbs: {{read: get list}}\naccess:\n{access}"
        ))
    }

    fn lines(matrix: &Matrix) -> Vec<String> {
        matrix
            .rows()
            .flat_map(|(who, place, grants)| {
                grants.iter().map(move |grant| {
                    let object = grant.object.as_deref().unwrap_or("*");
                    format!(
                        "{who} in {place}: {} {} {object}",
                        grant.verb, grant.resource
                    )
                })
            })
            .collect()
    }

    #[test]
    fn an_entry_for_a_team_counts_for_each_and_words_are_spelled_out() {
        let read =
            expected("- {who: group team-TEAM, in: TEAM, may: {pods: read delete}}").unwrap();
        assert_eq!(
            lines(read.everywhere()),
            [
                "group team-blue in blue: delete pods *",
                "group team-blue in blue: get pods *",
                "group team-blue in blue: list pods *",
                "group team-red in red: delete pods *",
                "group team-red in red: get pods *",
                "group team-red in red: list pods *",
            ]
        );
    }

    #[test]
    fn verbs_hold_for_the_objects_that_are_named() {
        let read = expected(
            "- {who: account a/b, in: cluster, may: {namespaces: {any: create, red blue: patch}}}",
        );
        assert_eq!(
            lines(read.unwrap().everywhere()),
            [
                "account a/b in the whole cluster: create namespaces *",
                "account a/b in the whole cluster: patch namespaces blue",
                "account a/b in the whole cluster: patch namespaces red",
            ]
        );
    }

    #[test]
    fn who_is_as_another_may_the_same_in_the_same_place() {
        let read = expected(
            "- {who: group team-TEAM, in: TEAM, may: {pods: get}}\n\
             - {who: account a/b, in: TEAM, as: [group team-TEAM], may: {services: get}}",
        );
        let lines = lines(read.unwrap().everywhere());
        assert!(
            lines.contains(&"account a/b in red: get pods *".to_owned()),
            "{lines:?}"
        );
        assert!(
            lines.contains(&"account a/b in red: get services *".to_owned()),
            "{lines:?}"
        );
    }

    #[test]
    fn what_needs_argo_cd_is_left_out_where_there_is_none() {
        let read = expected("- {who: group a, in: b, with: argo-cd, may: {pods: get}}").unwrap();
        assert_eq!(read.everywhere().subjects().len(), 1);
        assert_eq!(read.without_argo_cd().subjects().len(), 0);
    }

    #[test]
    fn an_entry_without_meaning_is_refused_by_name() {
        for (entry, complaint) in [
            ("{who: somebody, in: a, may: {pods: get}}", "neither `group"),
            (
                "{who: group a, in: a, may: {pods: ''}}",
                "pods has no verbs",
            ),
            (
                "{who: group a, in: a, as: [group b], may: {}}",
                "group b may nothing",
            ),
            ("{who: group a, in: a, with: luck, may: {}}", "luck"),
        ] {
            let error = expected(&format!("- {entry}")).unwrap_err().to_string();
            assert!(error.contains(complaint), "{error}");
        }
    }
}
