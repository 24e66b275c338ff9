//! Whether there is memory for a model, asked before it is taken.
//!
//! In: what a model needs, reckoned from sizes that were held against its file. Out: nothing, or an error with cause and
//! remedy, in place of a program that the system ends.

use std::collections::TryReserveError;

use sysinfo::{MemoryRefreshKind, System};

/// Positions whose keys and values are reckoned with: a prompt, and forty texts behind it.
pub(super) const POSITIONS: u64 = 4096;
/// Bytes that a token of the vocabulary takes, with the ways to find it.
pub(super) const PER_TOKEN: u64 = 256;

/// Bytes that can be had without taking them from other programs; `None` where the system does not say.
#[must_use]
pub fn available() -> Option<u64> {
    let mut system = System::new();
    system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
    let machine = Some(system.available_memory()).filter(|bytes| *bytes > 0);
    // A container may have less than the machine. What it keeps of files is given back when it is needed.
    let container = system.cgroup_limits().map(|limits| limits.total_memory.saturating_sub(limits.rss));
    [machine, container].into_iter().flatten().min()
}

/// That a model that needs so many bytes has room.
///
/// # Errors
/// There is less.
pub(super) fn check(needed: u64, available: Option<u64>) -> Result<(), String> {
    shortage(needed, available).map_or(Ok(()), |short| {
        Err(format!(
            "{short}: close other programs, choose a smaller model, or write with templates (`--model none`)"
        ))
    })
}

/// What is said where there is less memory than is needed.
#[must_use]
pub fn shortage(needed: u64, available: Option<u64>) -> Option<String> {
    let available = available.filter(|available| needed > *available)?;
    Some(format!("it needs about {} of memory, and {} are free", size(needed), size(available)))
}

/// So many bytes for people.
fn size(bytes: u64) -> String {
    let megabytes = bytes as f64 / 1e6;
    if megabytes < 1000.0 { format!("{megabytes:.0} MB") } else { format!("{:.1} GB", megabytes / 1000.0) }
}

/// A list of `length` values, or that there is no memory for it.
pub(super) fn filled<T: Clone>(value: T, length: usize) -> Result<Vec<T>, TryReserveError> {
    let mut list = Vec::new();
    list.try_reserve_exact(length)?;
    list.resize(length, value);
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_with_both_sizes_and_a_remedy() {
        assert_eq!(check(5_000_000_000, Some(5_000_000_000)), Ok(()));
        assert_eq!(check(u64::MAX, None), Ok(()));
        let error = check(4_250_000_000, Some(710_000_000)).unwrap_err();
        assert!(error.contains("about 4.2 GB") && error.contains("710 MB are free"), "{error}");
        assert!(error.contains("smaller model") && error.contains("--model none"), "{error}");
    }

    #[test]
    fn the_system_says_what_is_free() {
        let free = available().unwrap();
        assert!((1 << 20..1 << 50).contains(&free), "{free}");
    }

    #[test]
    fn a_list_that_cannot_be_is_an_error() {
        assert_eq!(filled(7_u8, 3).unwrap(), [7, 7, 7]);
        assert!(filled(0_u64, usize::MAX / 8).is_err());
    }
}
