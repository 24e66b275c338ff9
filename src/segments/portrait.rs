//! What the customers of a group look like: median, 10th and 90th percentile of each feature.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::Spread;
use crate::features::{Feature, Features};

/// Spreads by feature; without the features that are known of no member.
pub type Portrait = BTreeMap<Feature, Spread>;

/// One portrait per group of customer rows.
#[must_use]
pub fn portraits(features: &Features, groups: &[Vec<u32>]) -> Vec<Portrait> {
    let columns = &features.columns;
    let cells: Vec<Option<Spread>> = (0..groups.len() * columns.len())
        .into_par_iter()
        .map(|cell| {
            let values = &columns[cell % columns.len()].values;
            let group = &groups[cell / columns.len()];
            let mut known = Vec::with_capacity(group.len());
            known.extend(
                group.iter().filter_map(|&row| values.get(row as usize)).filter(|value| value.is_finite()),
            );
            spread(known)
        })
        .collect();
    (0..groups.len())
        .map(|group| {
            let cells = &cells[group * columns.len()..][..columns.len()];
            columns
                .iter()
                .zip(cells)
                .filter_map(|(c, spread)| spread.map(|spread| (c.feature, spread)))
                .collect()
        })
        .collect()
}

/// The spread of finite values; `None` of none.
#[must_use]
pub fn spread(mut values: Vec<f32>) -> Option<Spread> {
    let median = quantile(&mut values, 0.5)?;
    let p90 = quantile(&mut values, 0.9)?;
    Some(Spread { median, p10: quantile(&mut values, 0.1)?, p90 })
}

/// Interpolated between the two values nearest to the place, as numpy does it; `None` of no values.
fn quantile(values: &mut [f32], share: f64) -> Option<f64> {
    let place = share * values.len().checked_sub(1)? as f64;
    let (_, &mut below, rest) = values.select_nth_unstable_by(place.floor() as usize, f32::total_cmp);
    let above = rest.iter().copied().min_by(f32::total_cmp).filter(|_| place.fract() > 0.0).unwrap_or(below);
    Some(f64::from(below) + (f64::from(above) - f64::from(below)) * place.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_numpy() {
        // numpy.quantile([7, 1, 5, 3], [.5, .1, .9]) gives 4.0, 1.6, 6.4.
        let found = spread(vec![7.0, 1.0, 5.0, 3.0]).unwrap();
        assert!((found.median - 4.0).abs() < 1e-12 && (found.p10 - 1.6).abs() < 1e-9, "{found:?}");
        assert!((found.p90 - 6.4).abs() < 1e-9, "{found:?}");
        assert_eq!(spread(vec![]), None);
    }
}
