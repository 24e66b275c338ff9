//! Who is held out and who gets which version, by a keyed hash.
//!
//! In: a secret of the workspace, the campaign's name, and the customers of each segment. Out: an arm for each. The
//! order of the hashes decides, and shares are cut from it exactly: each segment is split as the plan says, to the
//! nearest customer, whoever stands in it. The same customers, name and secret give the same arms; another
//! campaign gives others, so that nobody is held out for ever. Nothing about a customer but the id goes in, and
//! the text of the messages does not: the arms are fixed before anything is written.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Where a customer stands in the order of a campaign: 64 bits, all equally likely.
#[must_use]
pub fn position(secret: &[u8; 32], campaign: &str, customer: &str) -> u64 {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return 0 };
    mac.update(b"perennial assignment 1\n");
    mac.update(&(campaign.len() as u64).to_le_bytes());
    mac.update(campaign.as_bytes());
    mac.update(customer.as_bytes());
    let bytes = mac.finalize().into_bytes();
    bytes.iter().take(8).fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// The part of each of `customers`: `None` for the holdout, else the index of an arm. `holdout` is a share
/// 0..=0.9; `shares` are in proportion to each other, and there is at least one.
#[must_use]
pub fn split(
    secret: &[u8; 32],
    campaign: &str,
    customers: &[&str],
    holdout: f64,
    shares: &[f64],
) -> Vec<Option<usize>> {
    let mut order: Vec<(u64, usize)> = customers
        .iter()
        .enumerate()
        .map(|(place, customer)| (position(secret, campaign, customer), place))
        .collect();
    // Two equal hashes are as unlikely as can be; then the ids decide, and not the order in which they came.
    order.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| customers[a.1].cmp(customers[b.1])));
    let total: f64 = shares.iter().sum();
    let parts: Vec<f64> = std::iter::once(holdout)
        .chain(shares.iter().map(|share| (1.0 - holdout) * share / total))
        .collect();
    let mut assigned = vec![None; customers.len()];
    let mut places = order.into_iter().map(|(_, place)| place);
    for (part, count) in counts(&parts, customers.len()).into_iter().enumerate() {
        for place in places.by_ref().take(count) {
            assigned[place] = part.checked_sub(1);
        }
    }
    assigned
}

/// Whole numbers in these parts of `total` that add up to it: each is rounded down, and what is left goes to the largest
/// remainders.
fn counts(parts: &[f64], total: usize) -> Vec<usize> {
    let wanted: Vec<f64> = parts.iter().map(|part| part * total as f64).collect();
    let mut counts: Vec<usize> = wanted.iter().map(|wanted| (wanted + 1e-9).floor() as usize).collect();
    let mut by_remainder: Vec<usize> = (0..parts.len()).collect();
    by_remainder.sort_by(|&a, &b| {
        let remainder = |part: usize| wanted[part] - counts[part] as f64;
        remainder(b).total_cmp(&remainder(a)).then(a.cmp(&b))
    });
    let left = total.saturating_sub(counts.iter().sum());
    for &part in by_remainder.iter().cycle().take(left) {
        counts[part] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: [u8; 32] = [7; 32];

    fn ids(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("C{number}")).collect()
    }

    fn sizes(assigned: &[Option<usize>], arms: usize) -> Vec<usize> {
        let held = assigned.iter().filter(|part| part.is_none()).count();
        std::iter::once(held)
            .chain((0..arms).map(|arm| assigned.iter().filter(|part| **part == Some(arm)).count()))
            .collect()
    }

    #[test]
    fn shares_are_cut_to_the_nearest_customer() {
        let ids = ids(1_001);
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let assigned = split(&SECRET, "spring", &ids, 0.1, &[1.0, 2.0]);
        assert_eq!(sizes(&assigned, 2), [100, 300, 601]);
        assert_eq!(sizes(&split(&SECRET, "spring", &ids[..3], 0.0, &[1.0]), 1), [0, 3]);
    }

    #[test]
    fn another_campaign_or_secret_holds_out_others() {
        let ids = ids(10_000);
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let both = |a: &[Option<usize>], b: &[Option<usize>]| {
            a.iter().zip(b).filter(|(a, b)| a.is_none() && b.is_none()).count()
        };
        let spring = split(&SECRET, "spring", &ids, 0.2, &[1.0]);
        // A fifth of a fifth is 400; four standard deviations are 64.
        let summer = both(&spring, &split(&SECRET, "summer", &ids, 0.2, &[1.0]));
        assert!((336..=464).contains(&summer), "{summer}");
        let other = both(&spring, &split(&[8; 32], "spring", &ids, 0.2, &[1.0]));
        assert!((336..=464).contains(&other), "{other}");
    }

    #[test]
    fn the_hash_is_the_same_in_every_build() {
        assert_eq!(position(&SECRET, "spring", "C1"), position(&SECRET, "spring", "C1"));
        // python3 -c 'import hmac,hashlib; print(hmac.new(bytes([7])*32, b"perennial assignment 1\n"+(6).to_bytes(8,"little")+b"spring"+b"C1", hashlib.sha256).hexdigest()[:16])'
        assert_eq!(format!("{:016x}", position(&SECRET, "spring", "C1")), "03d129c228f0623e");
    }

    proptest! {
        #[test]
        fn the_order_of_the_files_does_not_matter(count in 1_usize..200, holdout in 0.0..0.9_f64, seed in 0_usize..1000) {
            let ids = ids(count);
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let assigned = split(&SECRET, "spring", &ids, holdout, &[1.0, 1.5, 3.0]);
            let turned: Vec<&str> = ids.iter().cycle().skip(seed % count).take(count).copied().collect();
            let again = split(&SECRET, "spring", &turned, holdout, &[1.0, 1.5, 3.0]);
            for (place, id) in turned.iter().enumerate() {
                let before = ids.iter().position(|other| other == id).unwrap();
                prop_assert_eq!(again[place], assigned[before]);
            }
        }
    }
}
