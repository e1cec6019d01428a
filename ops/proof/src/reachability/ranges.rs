/// A set of whole numbers as ranges, both ends included, sorted, with a gap between any two.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ranges(Vec<(u128, u128)>);

impl Ranges {
    /// From the first to the last, both included.
    pub(super) fn of(first: u128, last: u128) -> Self {
        Self(if first <= last {
            vec![(first, last)]
        } else {
            Vec::new()
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u128, u128)> {
        self.0.iter().copied()
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        let mut all: Vec<_> = self.iter().chain(other.iter()).collect();
        all.sort_unstable();
        let mut merged: Vec<(u128, u128)> = Vec::new();
        for (first, last) in all {
            match merged.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => {
                    before.1 = before.1.max(last);
                }
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }

    pub(super) fn intersection(&self, other: &Self) -> Self {
        let shared = self.iter().flat_map(|(first, last)| {
            other
                .iter()
                .map(move |(from, to)| (first.max(from), last.min(to)))
        });
        Self(shared.filter(|(first, last)| first <= last).collect())
    }

    pub(super) fn difference(&self, other: &Self) -> Self {
        let mut left = self.0.clone();
        for (from, to) in other.iter() {
            left = left
                .into_iter()
                .flat_map(|(first, last)| {
                    let below = (from > first).then(|| (first, last.min(from - 1)));
                    let above = (to < last).then(|| (first.max(to + 1), last));
                    [below, above].into_iter().flatten()
                })
                .collect();
        }
        Self(left)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::Ranges;

    fn ranges() -> impl Strategy<Value = Ranges> {
        prop::collection::vec((0_u128..20, 0_u128..20), 0..5).prop_map(|pairs| {
            pairs.into_iter().fold(Ranges::default(), |all, (a, b)| {
                all.union(&Ranges::of(a, b))
            })
        })
    }

    fn members(ranges: &Ranges) -> BTreeSet<u128> {
        ranges
            .iter()
            .flat_map(|(first, last)| first..=last)
            .collect()
    }

    proptest! {
        #[test]
        fn ranges_are_sets(a in ranges(), b in ranges()) {
            let (one, other) = (members(&a), members(&b));
            prop_assert_eq!(members(&a.union(&b)), &one | &other);
            prop_assert_eq!(members(&a.intersection(&b)), &one & &other);
            prop_assert_eq!(members(&a.difference(&b)), &one - &other);
            prop_assert_eq!(a.is_empty(), one.is_empty());
        }

        #[test]
        fn equal_sets_are_equal_ranges(a in ranges(), b in ranges()) {
            prop_assert_eq!(a == b, members(&a) == members(&b));
            prop_assert_eq!(a.union(&b), b.union(&a));
        }
    }

    #[test]
    fn the_last_number_has_nothing_above_it() {
        let all = Ranges::of(0, u128::MAX);
        assert!(all.difference(&all).is_empty());
        assert_eq!(all.union(&Ranges::of(5, 6)), all);
    }
}
