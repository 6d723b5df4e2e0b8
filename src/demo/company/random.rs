//! A small seeded generator, so that the company is the same on every machine.
//!
//! Xoshiro256** of Blackman and Vigna (2018), its state filled by SplitMix64 as they advise. It
//! makes demonstration data and nothing else: keys come from the system's generator.

/// A stream of numbers that the seed alone decides.
#[derive(Clone, Debug)]
pub struct Random {
    state: [u64; 4],
}

impl Random {
    /// The stream of this seed. `part` gives each table a stream of its own, so that a change to
    /// one table leaves the others as they were.
    pub fn new(seed: u64, part: &str) -> Self {
        let mut mix = part.bytes().fold(seed, |mix, byte| {
            (mix ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23)
        });
        let mut next = || {
            mix = mix.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = mix;
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^ (word >> 31)
        };
        Self { state: [next(), next(), next(), next()] }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = b.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// A number from 0 up to but without `end`; 0 where `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        // The high half of the product: its bias is under 2^-40 for the ends used here.
        let wide = u128::from(self.bits()) * u128::from(end);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A number from `first` up to and with `last`.
    pub fn between(&mut self, first: i64, last: i64) -> i64 {
        let span = last.saturating_sub(first).unsigned_abs().saturating_add(1);
        first.saturating_add_unsigned(self.below(span))
    }

    /// True in `percent` of 100 cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of the items, all alike; the type's default where there are none.
    pub fn pick<T: Copy + Default>(&mut self, items: &[T]) -> T {
        let at = usize::try_from(self.below(items.len() as u64)).unwrap_or(0);
        items.get(at).copied().unwrap_or_default()
    }

    /// One of the items, each as often as its weight says.
    pub fn weighted<T: Copy + Default>(&mut self, items: &[(T, u64)]) -> T {
        let total = items.iter().map(|(_, weight)| weight).sum();
        let mut left = self.below(total);
        for (item, weight) in items {
            if left < *weight {
                return *item;
            }
            left -= weight;
        }
        T::default()
    }

    /// A position from 0 up to but without `end`, the first ones far more often than the last:
    /// what a company sells and to whom is never even.
    pub fn skewed(&mut self, end: u64) -> u64 {
        let once = self.below(end.saturating_add(1));
        self.below(once.max(1)).min(end.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_stream_is_fixed() {
        // Computed by a separate program from the two published algorithms.
        let mut random = Random::new(7, "");
        let first: Vec<u64> = (0..3).map(|_| random.bits()).collect();
        assert_eq!(first, [0xb358_faf7_4ef9_765a, 0x475c_3d96_4f48_2cd2, 0xd6f1_d349_952c_7996]);
        assert_ne!(Random::new(7, "orders").bits(), Random::new(7, "customers").bits());
        assert_ne!(Random::new(7, "orders").bits(), Random::new(8, "orders").bits());
    }

    #[test]
    fn ranges_hold_and_are_reached() {
        let mut random = Random::new(1, "ranges");
        let mut seen = [0_u32; 6];
        for _ in 0..6_000 {
            let value = random.between(-2, 3);
            assert!((-2..=3).contains(&value));
            if let Some(count) = usize::try_from(value + 2).ok().and_then(|at| seen.get_mut(at)) {
                *count += 1;
            }
        }
        assert!(seen.iter().all(|count| (850..1150).contains(count)), "{seen:?}");
        assert_eq!(random.below(0), 0);
        assert_eq!(random.pick::<u8>(&[]), 0);
    }

    #[test]
    fn weights_and_skew_shape_what_comes() {
        let mut random = Random::new(1, "weights");
        let heavy = (0..10_000).filter(|_| random.weighted(&[(1_u8, 3), (2, 1)]) == 1).count();
        assert!((7_300..7_700).contains(&heavy), "{heavy}");
        let low = (0..10_000).filter(|_| random.skewed(100) < 50).count();
        assert!((8_200..8_700).contains(&low), "{low}");
    }
}
