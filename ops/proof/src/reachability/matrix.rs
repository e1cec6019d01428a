use std::collections::BTreeMap;

use super::decision::Decision;
use super::place::Place;
use super::ports::PortSet;
use super::world::World;

/// Which ports of whom somebody reaches; by the one that is called, then the caller.
pub type Relation = BTreeMap<(String, String), PortSet>;

/// Who reaches whom in one environment. Pairs of which neither is ours are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matrix {
    /// Everybody who was asked about.
    pub places: Vec<String>,
    /// What both sides allow.
    pub reached: Relation,
    /// What the sender's policies let out though the receiver's do not let it in: it would be open if the
    /// receiver's were lost.
    pub let_out_alone: Relation,
    /// What the receiver's policies let in though the sender's do not let it out.
    pub let_in_alone: Relation,
}

/// The place that reaches everything, see [`super::Kind::Node`]; a row of its own would say nothing.
const NODE: &str = "node";

impl Matrix {
    /// Asks about every pair.
    #[must_use]
    pub fn of(world: &World) -> Self {
        let places = || world.places().iter().filter(|place| place.name != NODE);
        let mut matrix = Self {
            places: places().map(|place| place.name.clone()).collect(),
            ..Self::default()
        };
        for from in places() {
            for to in places().filter(|to| world.is_ours(from) || world.is_ours(to)) {
                matrix.add(from, to, &world.decide(from, to));
            }
        }
        matrix
    }

    fn add(&mut self, from: &Place, to: &Place, decision: &Decision) {
        let relations = [
            (&mut self.reached, decision.ports()),
            (&mut self.let_out_alone, decision.let_out_alone()),
            (&mut self.let_in_alone, decision.let_in_alone()),
        ];
        for (relation, ports) in relations {
            if !ports.is_empty() {
                relation.insert((to.name.clone(), from.name.clone()), ports);
            }
        }
    }
}

/// Callers in few words: a namespace of which all places are among them stands for these.
#[must_use]
pub fn summary(callers: &[&str], places: &[String]) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for caller in callers {
        let all_of = caller
            .split_once('/')
            .map(|(namespace, _)| format!("{namespace}/"));
        let whole = all_of.filter(|prefix| {
            let mut those = places.iter().filter(|place| place.starts_with(prefix));
            those.all(|place| callers.contains(&place.as_str()))
        });
        let word = whole.map_or_else(|| (*caller).to_owned(), |prefix| format!("{prefix}*"));
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// From a relation to, for each that is called and each piece of ports, the callers.
#[must_use]
pub fn by_port(relation: &Relation) -> BTreeMap<&str, BTreeMap<String, Vec<&str>>> {
    let mut all: BTreeMap<&str, BTreeMap<String, Vec<&str>>> = BTreeMap::new();
    for ((to, from), ports) in relation {
        let called = all.entry(to).or_default();
        for piece in ports.pieces() {
            called.entry(piece).or_default().push(from);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::summary;

    #[test]
    fn a_namespace_stands_for_its_places_only_when_none_is_missing() {
        let places = ["a/one", "a/two", "b/one", "b/two", "c"].map(str::to_owned);
        let callers = ["a/one", "a/two", "b/one", "c"];
        assert_eq!(summary(&callers, &places), ["a/*", "b/one", "c"]);
    }
}
