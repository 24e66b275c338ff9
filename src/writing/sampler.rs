//! Chooses the next token from logits.
//!
//! In: logits, what may not be chosen, and a seeded generator. Out: a token. The same seed gives the same
//! choices everywhere (`ChaCha` with 8 rounds, and arithmetic that does not depend on the number of threads).

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Sampling;
use super::kernels::exp;

/// Candidates that are looked at when `top_k` does not say.
const DEFAULT_CANDIDATES: usize = 256;

/// The choices of one variant.
pub struct Sampler {
    sampling: Sampling,
    random: ChaCha8Rng,
    /// What this variant has written; only this is penalised, so that the facts of the prompt may be used.
    written: Vec<u32>,
}

impl Sampler {
    #[must_use]
    pub fn new(sampling: Sampling, seed: u64) -> Self {
        Self { sampling, random: ChaCha8Rng::seed_from_u64(seed), written: Vec::new() }
    }

    /// Takes note of a token that has been written.
    pub fn accept(&mut self, token: u32) {
        self.written.push(token);
    }

    /// What has been written, in order.
    #[must_use]
    pub fn written(&self) -> &[u32] {
        &self.written
    }

    /// Chooses among the tokens for which `allowed` says yes. `logits` are changed. `None`: nothing is allowed.
    pub fn choose(&mut self, logits: &mut [f32], allowed: &mut dyn FnMut(u32) -> bool) -> Option<u32> {
        self.penalise(logits);
        let greedy = self.sampling.temperature <= 0.0;
        let mut wanted = if greedy { 8 } else { self.sampling.top_k.unwrap_or(DEFAULT_CANDIDATES).max(1) };
        loop {
            let mut candidates = largest(logits, wanted);
            let all = candidates.len() >= logits.len() || candidates.len() < wanted;
            candidates.retain(|candidate| allowed(candidate.token));
            if let Some(first) = candidates.first() {
                return Some(if greedy { first.token } else { self.draw(&candidates) });
            }
            if all {
                return None;
            }
            // All of them were refused: look further down.
            wanted = wanted.saturating_mul(8).min(logits.len());
        }
    }

    /// Keskar et al. 2019: logits of tokens that were written are divided (or multiplied, below zero).
    fn penalise(&self, logits: &mut [f32]) {
        let penalty = self.sampling.repeat_penalty;
        if (penalty - 1.0).abs() < f32::EPSILON {
            return;
        }
        let mut seen = self.written.clone();
        seen.sort_unstable();
        seen.dedup();
        for token in seen {
            if let Some(logit) = logits.get_mut(token as usize) {
                *logit = if *logit > 0.0 { *logit / penalty } else { *logit * penalty };
            }
        }
    }

    /// Temperature, then the nucleus (Holtzman et al. 2020) and what is likely beside the likeliest (Nguyen et al.
    /// 2024), then chance.
    fn draw(&mut self, candidates: &[Candidate]) -> u32 {
        let scale = 1.0 / self.sampling.temperature as f32;
        let highest = candidates[0].logit;
        let weights: Vec<f32> = candidates.iter().map(|it| exp((it.logit - highest) * scale)).collect();
        let total: f32 = weights.iter().sum();
        let mut nucleus = 0;
        let mut mass = 0.0;
        for weight in &weights {
            // The likeliest weighs 1.
            if nucleus > 0 && f64::from(*weight) < self.sampling.min_p {
                break;
            }
            nucleus += 1;
            mass += weight;
            if f64::from(mass / total) >= self.sampling.top_p {
                break;
            }
        }
        let mut point = self.random.random::<f32>() * mass;
        for (candidate, weight) in candidates[..nucleus].iter().zip(&weights) {
            point -= weight;
            if point < 0.0 {
                return candidate.token;
            }
        }
        candidates[nucleus - 1].token
    }
}

#[derive(Clone, Copy)]
struct Candidate {
    token: u32,
    logit: f32,
}

/// The `count` likeliest tokens with their logits, the likeliest first.
pub fn likeliest(logits: &[f32], count: usize) -> impl Iterator<Item = (u32, f32)> + use<> {
    largest(logits, count).into_iter().map(|candidate| (candidate.token, candidate.logit))
}

/// The `count` largest logits, largest first; equal ones in the order of their tokens. Not a number and minus
/// infinity are left out.
fn largest(logits: &[f32], count: usize) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::with_capacity(count * 2 + 1);
    let mut floor = f32::NEG_INFINITY;
    let order = |a: &Candidate, b: &Candidate| b.logit.total_cmp(&a.logit).then(a.token.cmp(&b.token));
    for (token, &logit) in (0_u32..).zip(logits) {
        if logit > floor {
            found.push(Candidate { token, logit });
            if found.len() > count * 2 {
                found.select_nth_unstable_by(count - 1, order);
                found.truncate(count);
                floor = found[count - 1].logit;
            }
        }
    }
    found.sort_unstable_by(order);
    found.truncate(count);
    found
}

/// Natural logarithm of each token's probability.
#[must_use]
pub fn log_probabilities(logits: &[f32]) -> Vec<f32> {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f64 = logits.iter().map(|logit| f64::from(logit - highest).exp()).sum();
    let shift = f64::from(highest) + total.ln();
    logits.iter().map(|logit| (f64::from(*logit) - shift) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampling(temperature: f64) -> Sampling {
        Sampling { temperature, top_p: 0.9, top_k: Some(40), min_p: 0.0, repeat_penalty: 1.0 }
    }

    fn logits(n: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 7919) % 1009) as f32 / 100.0).collect()
    }

    #[test]
    fn greedy_takes_the_most_likely_token_that_is_allowed() {
        let mut sampler = Sampler::new(sampling(0.0), 1);
        let logits = [0.5, 3.0, 2.0, f32::NAN, f32::NEG_INFINITY];
        assert_eq!(sampler.choose(&mut logits.clone(), &mut |_| true), Some(1));
        assert_eq!(sampler.choose(&mut logits.clone(), &mut |token| token != 1), Some(2));
        assert_eq!(sampler.choose(&mut logits.clone(), &mut |_| false), None);
    }

    #[test]
    fn a_token_far_down_is_found_when_all_above_are_refused() {
        let mut sampler = Sampler::new(sampling(0.8), 1);
        let mut descending: Vec<f32> = (0..5000).map(|i| -(i as f32)).collect();
        assert_eq!(sampler.choose(&mut descending, &mut |token| token == 4321), Some(4321));
    }

    #[test]
    fn a_seed_gives_the_same_choices_and_another_seed_others() {
        let choices = |seed| -> Vec<u32> {
            let mut sampler = Sampler::new(sampling(1.0), seed);
            (0..50).filter_map(|_| sampler.choose(&mut logits(3000), &mut |_| true)).collect()
        };
        assert_eq!(choices(7), choices(7));
        assert_ne!(choices(7), choices(8));
    }

    #[test]
    fn the_nucleus_leaves_out_what_is_unlikely() {
        let mut sampler = Sampler::new(Sampling { top_p: 0.5, ..sampling(1.0) }, 3);
        for _ in 0..200 {
            assert_eq!(sampler.choose(&mut [4.0, 1.0, 0.0], &mut |_| true), Some(0));
        }
    }

    #[test]
    fn min_p_leaves_out_what_is_unlikely_beside_the_likeliest() {
        // e^-1 = 0.37 and e^-2 = 0.14 of the likeliest.
        let seen = |min_p| {
            let mut sampler = Sampler::new(Sampling { top_p: 1.0, min_p, ..sampling(1.0) }, 3);
            (0..400)
                .filter_map(|_| sampler.choose(&mut [2.0, 1.0, 0.0], &mut |_| true))
                .collect::<std::collections::BTreeSet<u32>>()
        };
        assert_eq!(seen(0.0).len(), 3);
        assert_eq!(seen(0.2).into_iter().collect::<Vec<_>>(), [0, 1]);
        assert_eq!(seen(1.0).len(), 1, "the likeliest always stays");
    }

    #[test]
    fn chances_follow_the_probabilities() {
        let mut sampler = Sampler::new(Sampling { top_p: 1.0, ..sampling(1.0) }, 11);
        let draws = 4000;
        let first =
            (0..draws).filter(|_| sampler.choose(&mut [1.0, 0.0], &mut |_| true) == Some(0)).count() as f64;
        // e / (e + 1) = 0.731; four standard deviations of the mean are 0.028.
        assert!((first / f64::from(draws) - 0.731).abs() < 0.028, "{first}");
    }

    #[test]
    fn a_penalty_moves_what_was_written_down() {
        let mut sampler = Sampler::new(Sampling { repeat_penalty: 2.0, ..sampling(0.0) }, 1);
        sampler.accept(0);
        assert_eq!(sampler.choose(&mut [3.0, 2.0], &mut |_| true), Some(1));
    }

    #[test]
    fn log_probabilities_sum_to_one() {
        let sum: f64 = log_probabilities(&logits(500)).iter().map(|log| f64::from(*log).exp()).sum();
        assert!((sum - 1.0).abs() < 1e-5);
    }
}
