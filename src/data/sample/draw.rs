//! Random draws in whole numbers, so that the same seed gives the same bytes on every machine.
//!
//! Nothing here uses a float or a distribution of a library whose algorithm may change between versions:
//! only the words of `ChaCha8`, whose stream is fixed by its specification.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of random draws.
pub(super) struct Draw(ChaCha8Rng);

impl Draw {
    /// The stream numbered `stream` of `seed`; streams do not overlap.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..24].copy_from_slice(b"perennial sample");
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(stream);
        Self(rng)
    }

    /// A whole number in `0..bound`; 0 where `bound` is 0.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(bound)) >> 32) as u32
    }

    /// A whole number in `low..=high`.
    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// A whole number in `0..bound`, for bounds above 32 bits.
    pub(super) fn below_wide(&mut self, bound: u64) -> u64 {
        ((u128::from(self.0.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// True in `permille` of a thousand draws.
    pub(super) fn chance(&mut self, permille: u32) -> bool {
        self.below(1000) < permille
    }

    /// An index of `weights`, each as likely as its weight; 0 where all weights are 0.
    pub(super) fn weighted(&mut self, weights: &[u32]) -> usize {
        let total: u32 = weights.iter().sum();
        let mut rest = self.below(total);
        for (index, &weight) in weights.iter().enumerate() {
            if rest < weight {
                return index;
            }
            rest -= weight;
        }
        0
    }

    /// One of `items`, all equally likely. `items` is not empty.
    pub(super) fn one<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u32) as usize]
    }

    /// A factor in per mille around 1000, bell-shaped: the sum of four uniform draws, `1000 ± spread`.
    pub(super) fn around(&mut self, spread: u32) -> u32 {
        let quarter = spread / 2;
        let sum: u32 = (0..4).map(|_| self.below(quarter + 1)).sum();
        1000 - spread + sum
    }
}
