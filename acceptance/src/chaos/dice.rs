//! Chance that a seed decides.

use std::time::Duration;

/// `SplitMix64` (Steele, Lea, Flood: Fast splittable pseudorandom number generators): the same numbers for the
/// same seed, on every machine.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// The seed of another one, so that how often that one is thrown changes nothing here.
    pub(crate) fn seed(&mut self) -> u64 {
        self.next()
    }

    /// The same ones in another order.
    pub(crate) fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            all.swap(last, self.below(last + 1));
        }
    }

    /// A number below `count`, which is not 0.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        // The remainder of a usize is a usize.
        usize::try_from(self.next() % count.max(1) as u64).unwrap_or(0)
    }

    /// A duration from `least` to `most`.
    pub(crate) fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let span = usize::try_from(most.saturating_sub(least).as_millis()).unwrap_or(0);
        least + Duration::from_millis(self.below(span + 1) as u64)
    }

    /// One of these, as often as its weight says. There is at least one, and a weight above 0.
    pub(crate) fn choose<T: Copy>(&mut self, weighted: &[(u32, T)]) -> T {
        let total: u32 = weighted.iter().map(|(weight, _)| weight).sum();
        let mut left = self.below(total as usize);
        for (weight, one) in weighted {
            if left < *weight as usize {
                return *one;
            }
            left -= *weight as usize;
        }
        weighted[0].1
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;
    use std::time::Duration;

    #[test]
    fn a_seed_gives_the_numbers_of_the_published_generator() {
        let mut dice = Dice::new(1_234_567);
        assert_eq!(dice.next(), 6_457_827_717_110_365_317);
        assert_eq!(dice.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn each_comes_about_as_often_as_its_weight_says() {
        let mut dice = Dice::new(7);
        let rare = (0..1_000)
            .filter(|_| dice.choose(&[(9, 'a'), (1, 'b')]) == 'b')
            .count();
        assert!((50..200).contains(&rare), "{rare}");
    }

    #[test]
    fn shuffling_loses_none_and_any_can_come_first() {
        let mut dice = Dice::new(7);
        let mut first = [false; 4];
        for _ in 0..100 {
            let mut all = [0, 1, 2, 3];
            dice.shuffle(&mut all);
            first[all[0]] = true;
            all.sort_unstable();
            assert_eq!(all, [0, 1, 2, 3]);
        }
        assert_eq!(first, [true; 4]);
    }

    #[test]
    fn a_duration_stays_between_its_bounds() {
        let mut dice = Dice::new(7);
        let (least, most) = (Duration::from_millis(3), Duration::from_millis(5));
        let seen: Vec<Duration> = (0..100).map(|_| dice.between(least, most)).collect();
        assert!(seen.iter().all(|one| (least..=most).contains(one)));
        assert!(seen.contains(&least) && seen.contains(&most));
    }
}
