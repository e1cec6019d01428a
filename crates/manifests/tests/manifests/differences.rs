//! In what each environment differs from the next: the lines that are meant are files, and every other one fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use manifests::Kubectl;

use crate::support::lines::{Line, compared};
use crate::support::rendered;

/// An environment, the next one, and what is written of objects that only one of them has.
const NEIGHBOURS: [(&str, &str, Alone); 3] = [
    // A local cluster brings what the others have around them, and makes certificates otherwise.
    ("local", "dev", Alone::Named),
    ("dev", "staging", Alone::Written),
    ("staging", "production", Alone::Written),
];

/// Lines around a difference that say where it is.
const AROUND: usize = 2;

#[derive(Clone, Copy)]
enum Alone {
    Named,
    Written,
}

#[derive(Default)]
struct Difference {
    text: String,
    lines: usize,
}

#[test]
fn each_environment_differs_from_the_next_in_the_lines_that_are_meant_and_in_fewer_than_thirty() {
    let mut files = BTreeSet::new();
    for app in ["invoice-app", "payment-provider"] {
        for (before, after, alone) in NEIGHBOURS {
            let [old, new] = [before, after].map(|environment| text(app, environment));
            let found = difference([before, after], [&old, &new], alone);
            let name = format!("{app}.{before}-{after}.diff");
            hold_to_file(&name, &found.text);
            assert!(found.lines > 0, "{name}: both are one and the same");
            assert!(found.lines < 30, "{name} has {} lines", found.lines);
            files.insert(name);
        }
    }
    assert_eq!(kept(), files, "a file that nothing is compared with");
}

fn hold_to_file(name: &str, found: &str) {
    let file = folder().join(name);
    if std::env::var_os("UPDATE_DIFFERENCES").is_some() {
        fs::write(&file, found).unwrap();
    }
    let meant = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        meant == found,
        "kustomize/differences/{name} is not how these environments differ, which is:\n{found}\n\
         If that is meant: UPDATE_DIFFERENCES=1 cargo test --release -p manifests differences, and review what changed"
    );
}

fn folder() -> PathBuf {
    rendered::kustomize().join("differences")
}

fn kept() -> BTreeSet<String> {
    let entries = fs::read_dir(folder()).unwrap();
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    entries.map(|entry| name(entry.unwrap())).collect()
}

fn text(app: &str, environment: &str) -> String {
    let folder = rendered::kustomize().join(format!("apps/{app}/overlays/{environment}"));
    rendered::answer(Kubectl::default().render_text(&folder))
}

/// Object by object, in the order of their names.
fn difference(environments: [&str; 2], texts: [&str; 2], alone: Alone) -> Difference {
    let [before, after] = texts.map(objects);
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut found = Difference::default();
    for name in names {
        match (before.get(name), after.get(name), alone) {
            (Some(_), None, Alone::Named) => found.name(name, environments[0]),
            (None, Some(_), Alone::Named) => found.name(name, environments[1]),
            (old, new, _) => found.write(name, old.unwrap_or(&""), new.unwrap_or(&"")),
        }
    }
    found
}

impl Difference {
    fn name(&mut self, object: &str, environment: &str) {
        writeln!(self.text, "@@ {object} @@ only in {environment}").unwrap();
    }

    fn write(&mut self, object: &str, before: &str, after: &str) {
        let lines = compared(before, after);
        self.lines += lines.iter().filter(|line| line.is_change()).count();
        let mut last = None;
        for place in (0..lines.len()).filter(|place| is_near_a_change(&lines, *place)) {
            if last.is_none_or(|last| last + 1 != place) {
                writeln!(self.text, "@@ {object} @@").unwrap();
            }
            writeln!(self.text, "{}", lines[place]).unwrap();
            last = Some(place);
        }
    }
}

fn is_near_a_change(lines: &[Line<'_>], place: usize) -> bool {
    let end = lines.len().min(place + AROUND + 1);
    lines[place.saturating_sub(AROUND)..end]
        .iter()
        .any(|line| line.is_change())
}

/// Each object's lines, by its kind and name.
fn objects(text: &str) -> BTreeMap<String, &str> {
    let mut objects = BTreeMap::new();
    for object in text.split("\n---\n") {
        let key = format!("{} {}", kind(object), name(object));
        let twice = objects.insert(key, object);
        assert!(twice.is_none(), "one name for two objects:\n{object}");
    }
    objects
}

fn kind(object: &str) -> &str {
    let mut lines = object.lines();
    lines
        .find_map(|line| line.strip_prefix("kind: "))
        .expect("an object has a kind")
}

/// kustomize writes `metadata` after `kind`, and nothing that is indented by two and called `name` between them.
fn name(object: &str) -> &str {
    let mut lines = object.lines().skip_while(|line| *line != "metadata:");
    lines
        .find_map(|line| line.strip_prefix("  name: "))
        .expect("an object has a name")
}

fn service(name: &str, ports: &[&str]) -> String {
    let ports = ports.join("\n- ");
    format!("kind: Service\nmetadata:\n  name: {name}\nports:\n- {ports}\n")
}

fn found(before: &str, after: &str, alone: Alone) -> (String, usize) {
    let Difference { text, lines } = difference(["one", "other"], [before, after], alone);
    (text, lines)
}

#[test]
fn lines_in_another_order_are_a_difference_and_the_same_text_is_none() {
    let before = service("a", &["1", "2", "3", "4"]);
    assert_eq!(
        found(&before, &before, Alone::Written),
        (String::new(), 0),
        "the same text"
    );
    let after = service("a", &["1", "3", "4", "2"]);
    let expected = "@@ Service a @@\n ports:\n - 1\n-- 2\n - 3\n - 4\n+- 2\n";
    assert_eq!(
        found(&before, &after, Alone::Written),
        (expected.to_owned(), 2)
    );
}

#[test]
fn differences_that_are_far_apart_are_shown_each_in_its_place() {
    let before = service("a", &["1", "2", "3", "4", "5", "6", "7"]);
    let after = service("a", &["one", "2", "3", "4", "5", "6", "seven"]);
    let expected = "@@ Service a @@\n   name: a\n ports:\n-- 1\n+- one\n - 2\n - 3\n\
                    @@ Service a @@\n - 5\n - 6\n-- 7\n+- seven\n";
    assert_eq!(
        found(&before, &after, Alone::Written),
        (expected.to_owned(), 4)
    );
}

#[test]
fn an_object_that_only_one_has_is_written_or_named() {
    let before = service("a", &["1"]);
    let after = [service("a", &["1"]).trim_end(), &service("b", &["2"])].join("\n---\n");
    let written = "@@ Service b @@\n+kind: Service\n+metadata:\n+  name: b\n+ports:\n+- 2\n";
    assert_eq!(
        found(&before, &after, Alone::Written),
        (written.to_owned(), 5)
    );
    let named = "@@ Service b @@ only in other\n";
    assert_eq!(found(&before, &after, Alone::Named), (named.to_owned(), 0));
    let taken = "@@ Service b @@ only in one\n";
    assert_eq!(found(&after, &before, Alone::Named), (taken.to_owned(), 0));
}
