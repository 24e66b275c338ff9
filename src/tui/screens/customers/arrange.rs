//! The list of customers in the order and the selection that was asked for.
//!
//! In: a shop of any size and an [`Arrangement`]. Out: rows. Run as a job: a million customers take a while.

use rayon::prelude::*;

use crate::data::Shop;
use crate::features::{Feature, Features};
use crate::jobs::{Cancelled, Task};
use crate::profiles;
use crate::segments::Segmentation;

/// What the list is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    #[default]
    Spent,
    Orders,
    LastOrder,
    Name,
    Id,
}

impl Sort {
    pub const ALL: [Self; 5] = [Self::Spent, Self::Orders, Self::LastOrder, Self::Name, Self::Id];

    #[must_use]
    pub fn next(self) -> Self {
        Self::ALL[(self as usize + 1) % Self::ALL.len()]
    }

    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Spent => "Spent",
            Self::Orders => "Orders",
            Self::LastOrder => "Last order",
            Self::Name => "Name",
            Self::Id => "Id",
        }
    }
}

/// Order and selection of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrangement {
    /// Found in name, id or e-mail address, with gaps; the best match first. Empty: everybody.
    pub find: String,
    /// Index of a cluster.
    pub segment: Option<usize>,
    pub sort: Sort,
    pub reverse: bool,
}

/// Rows of the customers who fit, in order.
///
/// # Errors
/// Cancelled.
pub fn arrange(
    shop: &Shop,
    features: Option<&Features>,
    segmentation: Option<&Segmentation>,
    arrangement: &Arrangement,
    task: &Task<'_>,
) -> Result<Vec<u32>, Cancelled> {
    let customers = &shop.customers;
    let mut rows: Vec<u32> = (0..customers.len() as u32).collect();
    if let (Some(segment), Some(segmentation)) = (arrangement.segment, segmentation) {
        rows.retain(|&row| segmentation.cluster_of(row as usize) == Some(segment));
    }
    task.check()?;
    if !arrangement.find.trim().is_empty() {
        return profiles::find(customers, &rows, &arrangement.find, task);
    }
    // The largest first, but names, ids and the time since the last order the smallest first; who has no
    // value always comes last.
    let by = |feature: Feature, descending: bool, rows: &mut Vec<u32>| {
        let Some(values) = features.and_then(|features| features.column(feature)) else { return };
        rows.par_sort_by(|&one, &other| {
            let (one_value, other_value) = (values[one as usize], values[other as usize]);
            let order = match (one_value.is_nan(), other_value.is_nan()) {
                (false, false) => one_value.total_cmp(&other_value),
                (one_missing, other_missing) => return one_missing.cmp(&other_missing),
            };
            let order = if descending { order.reverse() } else { order };
            order.then(one.cmp(&other))
        });
    };
    let reverse = arrangement.reverse;
    match arrangement.sort {
        Sort::Spent => by(Feature::Total, !reverse, &mut rows),
        Sort::Orders => by(Feature::Orders, !reverse, &mut rows),
        Sort::LastOrder => by(Feature::RecencyDays, reverse, &mut rows),
        Sort::Name => {
            rows.par_sort_by_cached_key(|&row| customers.display_name(row as usize).to_lowercase());
            if reverse {
                rows.reverse();
            }
        }
        Sort::Id => {
            rows.par_sort_by(|&one, &other| customers.id(one as usize).cmp(customers.id(other as usize)));
            if reverse {
                rows.reverse();
            }
        }
    }
    task.check()?;
    Ok(rows)
}
