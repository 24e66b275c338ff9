//! How much of this machine one address may take: a bucket of tokens for each (RFC 2697's idea in its simplest form).
//!
//! In: an address and a time. Out: whether it may go on. What is kept is bounded: addresses whose bucket has filled up
//! again are forgotten, and where too many are known at once the strangers share one bucket.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Addresses that are known at once.
const MOST: usize = 20_000;

/// What one address has left.
#[derive(Clone, Copy)]
struct Bucket {
    /// Requests, in thousandths.
    left: u64,
    /// Milliseconds.
    filled_at: i64,
}

/// Buckets of all addresses.
pub(super) struct Limits {
    /// Requests a second, which is thousandths a millisecond.
    rate: u64,
    /// In thousandths.
    burst: u64,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

impl Limits {
    pub fn new(per_second: u32, burst: u32) -> Self {
        Self { rate: u64::from(per_second), burst: u64::from(burst.max(1)) * 1000, buckets: Mutex::default() }
    }

    /// Takes a request from the address's bucket; `false`: there is none in it.
    pub fn take(&self, address: IpAddr, now: i64) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = network(address);
        if buckets.len() >= MOST && !buckets.contains_key(&key) {
            buckets.retain(|_, bucket| self.filled(*bucket, now) < self.burst);
            if buckets.len() >= MOST {
                key = IpAddr::from([0, 0, 0, 0]);
            }
        }
        let bucket = buckets.entry(key).or_insert(Bucket { left: self.burst, filled_at: now });
        let left = self.filled(*bucket, now);
        let enough = left >= 1000;
        let left = if enough { left - 1000 } else { left };
        *bucket = Bucket { left, filled_at: now.max(bucket.filled_at) };
        enough
    }

    /// Whether the address has not one request left.
    pub fn is_empty(&self, address: IpAddr, now: i64) -> bool {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.get(&network(address)).is_some_and(|&bucket| self.filled(bucket, now) < 1000)
    }

    fn filled(&self, bucket: Bucket, now: i64) -> u64 {
        let passed = u64::try_from(now - bucket.filled_at).unwrap_or(0);
        bucket.left.saturating_add(passed.saturating_mul(self.rate)).min(self.burst)
    }
}

/// Whoever has an address of IPv6 has its whole /64.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => match six.to_ipv4_mapped() {
            Some(four) => IpAddr::V4(four),
            None => IpAddr::from((u128::from(six) >> 64 << 64).to_be_bytes()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let limits = Limits::new(2, 3);
        let anna = IpAddr::from([192, 0, 2, 1]);
        let taken: Vec<bool> = (0..5).map(|_| limits.take(anna, 1_000)).collect();
        assert_eq!(taken, [true, true, true, false, false]);
        assert!(limits.take(IpAddr::from([192, 0, 2, 2]), 1_000), "another's is full");
        assert!(!limits.take(anna, 1_499));
        assert!(limits.take(anna, 1_500), "half a second brings one");
        // A clock that was set back takes nothing away and gives nothing.
        assert!(!limits.take(anna, 0));
        assert!(limits.take(anna, 2_000));
        // Never more than the burst.
        let later = (0..9).filter(|_| limits.take(anna, 1_000_000)).count();
        assert_eq!(later, 3);
    }

    #[test]
    fn a_network_of_ipv6_is_one() {
        let limits = Limits::new(1, 1);
        assert!(limits.take("2001:db8::1".parse().unwrap(), 0));
        assert!(!limits.take("2001:db8::2".parse().unwrap(), 0));
        assert!(limits.take("2001:db8:0:1::1".parse().unwrap(), 0));
        assert!(limits.take("192.0.2.1".parse().unwrap(), 0));
        assert!(!limits.take("::ffff:192.0.2.1".parse().unwrap(), 0));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let limits = Limits::new(1, 2);
        for number in 0..30_000_u32 {
            limits.take(IpAddr::from((0x0a00_0000 + number).to_be_bytes()), 0);
        }
        assert!(limits.buckets.lock().unwrap().len() <= MOST + 1);
        // Once they have filled up there is room again.
        assert!(limits.take(IpAddr::from([203, 0, 113, 1]), 10_000));
        assert_eq!(limits.buckets.lock().unwrap().len(), 1);
    }
}
