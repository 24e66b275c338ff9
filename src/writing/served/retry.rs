//! How long to wait before a server is asked again.

use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::http::Again;

/// Times that a question is asked in all.
pub(super) const TRIES: u32 = 4;
/// The first pause; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(400);
/// A server that wants to be left alone for longer is away.
const LONGEST: Duration = Duration::from_secs(30);

/// The pause before the next try, of which `tries` have been; `None`: it is given up. Part of the pause is drawn by
/// `seed`, so that many who failed together do not come back together.
pub(super) fn pause(again: Again, tries: u32, seed: u64) -> Option<Duration> {
    if tries >= TRIES {
        return None;
    }
    let doubled = FIRST * 2_u32.pow(tries.saturating_sub(1));
    let mut random = ChaCha8Rng::seed_from_u64(seed ^ u64::from(tries) << 32);
    let share: f64 = random.random();
    match again {
        Again::No => None,
        Again::Soon => Some(doubled.mul_f64(0.75 + share / 2.0)),
        Again::After(wait) if wait > LONGEST => None,
        Again::After(wait) => Some(wait + FIRST.mul_f64(share)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_and_differ_from_each_other() {
        let pauses: Vec<Duration> = (1..TRIES).map(|tries| pause(Again::Soon, tries, 7).unwrap()).collect();
        assert!(pauses.windows(2).all(|two| two[0] < two[1]), "{pauses:?}");
        assert!(pauses.iter().sum::<Duration>() < Duration::from_secs(5));
        assert_eq!(pause(Again::Soon, TRIES, 7), None);
        assert_ne!(pause(Again::Soon, 1, 7), pause(Again::Soon, 1, 8));
    }

    #[test]
    fn a_servers_own_time_is_kept_unless_it_is_long() {
        let wait = |seconds| pause(Again::After(Duration::from_secs(seconds)), 1, 7);
        assert!(
            wait(2).is_some_and(|pause| pause >= Duration::from_secs(2) && pause < Duration::from_secs(3))
        );
        assert_eq!(wait(3600), None);
        assert_eq!(pause(Again::No, 1, 7), None);
    }
}
