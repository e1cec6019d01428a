use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::{Value, json};

use super::compare::side_in_words;
use super::decision::{Decision, Side};
use super::matrix::{Matrix, by_port, summary};
use super::ports::PortSet;
use super::world::World;

/// The matrix as lines of text: who is called, on which port, by whom.
#[must_use]
pub fn table(matrix: &Matrix) -> String {
    let called = by_port(&matrix.reached);
    let mut rows = vec![["TO", "PORT", "FROM"].map(str::to_owned)];
    for (to, ports) in called {
        for (piece, callers) in ports {
            let callers = summary(&callers, &matrix.places).join(", ");
            rows.push([to.to_owned(), piece, callers]);
        }
    }
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    let lines = rows.iter().map(|[to, port, from]| {
        let line = format!("{to:first$}  {port:second$}  {from}");
        line.trim_end().to_owned() + "\n"
    });
    lines.collect()
}

/// The matrix for other programs: everybody, and each pair that gets through with the policies that let it.
#[must_use]
pub fn json(world: &World, matrix: &Matrix, environment: &str) -> Value {
    let reached = matrix.reached.iter().map(|((to, from), ports)| {
        let places = world.place(from).zip(world.place(to));
        let decision = places.map(|(from, to)| world.decide(from, to));
        json!({
            "from": from,
            "to": to,
            "ports": ports.pieces(),
            "out": decision.as_ref().map(|decision| policies(decision, ports, Way::Out)),
            "in": decision.as_ref().map(|decision| policies(decision, ports, Way::In)),
        })
    });
    json!({
        "environment": environment,
        "places": matrix.places,
        "reached": reached.collect::<Vec<_>>(),
    })
}

#[derive(Clone, Copy)]
enum Way {
    Out,
    In,
}

/// Null where no policy governs the direction.
fn policies(decision: &Decision, ports: &PortSet, way: Way) -> Value {
    match side(decision, way) {
        Some(side @ Side::Governed { .. }) => json!(side.policies_for(ports)),
        Some(Side::Ungoverned) | None => Value::Null,
    }
}

fn side(decision: &Decision, way: Way) -> Option<&Side> {
    match (decision, way) {
        (Decision::Always(_), _) => None,
        (Decision::Both { out, .. }, Way::Out) => Some(out),
        (Decision::Both { into, .. }, Way::In) => Some(into),
    }
}

/// The matrix as a Mermaid flowchart. A namespace stands for all of its places where all get through; a
/// namespace's places are those that run or are drawn as callers.
#[must_use]
pub fn mermaid(world: &World, matrix: &Matrix) -> String {
    let arrows = arrows(world, matrix);
    let mut drawn: BTreeSet<&str> = arrows.iter().map(|arrow| arrow.to.as_str()).collect();
    drawn.extend(arrows.iter().map(|arrow| arrow.from.as_str()));
    let mut namespaces: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut text = String::from("flowchart LR\n");
    for name in drawn {
        match name.split_once('/') {
            None => {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "  {}[{name}]", id(name));
            }
            Some((namespace, "*")) => {
                namespaces.entry(namespace).or_default();
            }
            Some((namespace, place)) => {
                namespaces.entry(namespace).or_default().insert(place);
            }
        }
    }
    for (namespace, places) in namespaces {
        let _ = writeln!(text, "  subgraph {namespace}");
        if places.is_empty() {
            let _ = writeln!(text, "    {}[any pod]", id(&format!("{namespace}/any")));
        }
        for place in places {
            let _ = writeln!(text, "    {}[{place}]", id(&format!("{namespace}/{place}")));
        }
        text.push_str("  end\n");
    }
    for arrow in &arrows {
        let (from, to) = (id(&arrow.from), id(&arrow.to));
        let _ = writeln!(text, "  {from} -- \"{}\" --> {to}", arrow.label);
    }
    text
}

struct Arrow {
    from: String,
    to: String,
    label: String,
}

/// One for each caller, or namespace of callers, with all ports that these have in common.
fn arrows(world: &World, matrix: &Matrix) -> Vec<Arrow> {
    let mut ports_of: BTreeMap<(String, String), (PortSet, String)> = BTreeMap::new();
    for (to, ports) in by_port(&matrix.reached) {
        for (piece, callers) in ports {
            let ports: PortSet = piece.parse().unwrap_or_default();
            for word in summary(&callers, &matrix.places) {
                let example = callers.iter().find(|caller| match word.strip_suffix('*') {
                    Some(prefix) => caller.starts_with(prefix),
                    None => **caller == word,
                });
                let example = example.map_or_else(String::new, |caller| (*caller).to_owned());
                let known = ports_of
                    .entry((word, to.to_owned()))
                    .or_insert_with(|| (PortSet::default(), example));
                known.0 = known.0.union(&ports);
            }
        }
    }
    let arrow = |((from, to), (ports, example)): ((String, String), (PortSet, String))| Arrow {
        label: label(world, &example, &to, &ports),
        from,
        to,
    };
    ports_of.into_iter().map(arrow).collect()
}

fn label(world: &World, from: &str, to: &str, ports: &PortSet) -> String {
    let Some((from, to)) = world.place(from).zip(world.place(to)) else {
        return ports.to_string();
    };
    let decision = world.decide(from, to);
    let mut words = vec![ports.to_string()];
    for (title, way) in [("out", Way::Out), ("in", Way::In)] {
        if let Some(side @ Side::Governed { .. }) = side(&decision, way) {
            words.push(format!("{title} by {}", side_in_words(side, ports)));
        }
    }
    words.join(" · ")
}

/// A namespace is drawn as a subgraph of its own name, a place by letters that Mermaid takes for one word.
fn id(name: &str) -> String {
    if let Some(namespace) = name.strip_suffix("/*") {
        return namespace.to_owned();
    }
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    name.chars().map(plain).collect()
}
