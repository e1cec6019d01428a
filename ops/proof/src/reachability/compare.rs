use crate::rendered::Rendered;

use super::cast::Surroundings;
use super::decision::{Decision, Side};
use super::expected::{Expected, FILE};
use super::matrix::{Matrix, Relation};
use super::ports::PortSet;
use super::world::World;

/// What the manifests allow otherwise than reachability.yaml says, a sentence each.
#[must_use]
pub fn differences(rendered: &Rendered, expected: &Expected) -> Vec<String> {
    differences_around(rendered, expected, &Surroundings::default())
}

/// The same on a cluster where the platform's namespaces have other names, or nobody takes traces.
#[must_use]
pub fn differences_around(
    rendered: &Rendered,
    expected: &Expected,
    around: &Surroundings,
) -> Vec<String> {
    let world = match World::of(rendered, around) {
        Ok(world) => world,
        Err(unreadable) => return vec![unreadable.to_string()],
    };
    let environment = rendered.environment();
    let seen = Matrix::of(&world);
    let expected = expected.around(around);
    let (wanted, unknown) = expected.in_environment(environment, &seen.places);
    let mut found: Vec<_> = unknown
        .iter()
        .map(|name| format!("{environment}: {FILE} names {name}, which is not there"))
        .collect();
    for (seen, wanted, says) in [
        (&seen.reached, &wanted.reached, REACHES),
        (&seen.let_out_alone, &wanted.let_out_alone, LET_OUT),
        (&seen.let_in_alone, &wanted.let_in_alone, LET_IN),
    ] {
        for (from, to, more, fewer) in unequal(seen, wanted) {
            let decision = world.place(from).zip(world.place(to));
            let because = decision.map_or_else(String::new, |(from, to)| {
                because(&world.decide(from, to), &more)
            });
            if !more.is_empty() {
                found.push(format!(
                    "{environment}: {from} {} {to} on {more}, which {FILE} does not list{because}",
                    says.more
                ));
            }
            if !fewer.is_empty() {
                found.push(format!(
                    "{environment}: {from} {} {to} on {fewer}, which {FILE} lists",
                    says.fewer
                ));
            }
        }
    }
    found
}

struct Says {
    more: &'static str,
    fewer: &'static str,
}

const REACHES: Says = Says {
    more: "reaches",
    fewer: "does not reach",
};
const LET_OUT: Says = Says {
    more: "is let out, though not in, to",
    fewer: "is no longer let out, though not in, to",
};
const LET_IN: Says = Says {
    more: "is let in, though not out, to",
    fewer: "is no longer let in, though not out, to",
};

/// The pairs that differ, with the ports that are seen alone and wanted alone.
fn unequal<'a>(
    seen: &'a Relation,
    wanted: &'a Relation,
) -> Vec<(&'a str, &'a str, PortSet, PortSet)> {
    let nothing = PortSet::default();
    let mut pairs: Vec<_> = seen.keys().chain(wanted.keys()).collect();
    pairs.sort();
    pairs.dedup();
    let compared = pairs.into_iter().map(|pair| {
        let seen = seen.get(pair).unwrap_or(&nothing);
        let wanted = wanted.get(pair).unwrap_or(&nothing);
        let (to, from) = pair;
        (
            from.as_str(),
            to.as_str(),
            seen.difference(wanted),
            wanted.difference(seen),
        )
    });
    compared
        .filter(|(_, _, more, fewer)| !more.is_empty() || !fewer.is_empty())
        .collect()
}

fn because(decision: &Decision, ports: &PortSet) -> String {
    match decision {
        Decision::Always(why) => format!(": {why}"),
        Decision::Both { out, into } => format!(
            " (out: {}; in: {})",
            side_in_words(out, ports),
            side_in_words(into, ports)
        ),
    }
}

/// Which policies let these ports pass.
pub(super) fn side_in_words(side: &Side, ports: &PortSet) -> String {
    if *side == Side::Ungoverned {
        return "no policy governs it".to_owned();
    }
    let policies = side.policies_for(ports);
    if policies.is_empty() {
        "no rule".to_owned()
    } else {
        policies.join(", ")
    }
}
