//! Features in words and numbers that people read: label, value, unit.

use super::numbers;
use crate::data::Shop;
use crate::features::Feature;

/// What the feature is called on screens.
#[must_use]
pub fn label(feature: Feature) -> &'static str {
    match feature {
        Feature::RecencyDays => "Last order",
        Feature::Orders => "Orders",
        Feature::AverageOrderValue => "Per order",
        Feature::Total => "Spent in all",
        Feature::TenureDays => "Customer for",
        Feature::MeanGapDays => "Between orders",
        Feature::Categories => "Categories",
        Feature::DiscountedShare => "With a discount",
        Feature::ReturnsShare => "Returned",
        Feature::Searches30d => "Searches, 30 days",
        Feature::Sessions30d => "Sessions, 30 days",
    }
}

/// The unit of its values, on an axis: `days ago`, `EUR`; empty for plain numbers.
#[must_use]
pub fn unit(feature: Feature, shop: &Shop) -> String {
    shown(feature, 0.0, shop).1
}

/// What more of the feature means, and what less of it means.
#[must_use]
pub fn more_and_less(feature: Feature) -> (&'static str, &'static str) {
    match feature {
        Feature::RecencyDays => ("longer ago", "more recent"),
        Feature::TenureDays => ("longer known", "newer"),
        Feature::MeanGapDays => ("rarer orders", "quicker orders"),
        _ => ("more", "less"),
    }
}

/// A value and its unit.
#[must_use]
pub fn shown(feature: Feature, value: f64, shop: &Shop) -> (String, String) {
    if !value.is_finite() {
        return ("-".into(), String::new());
    }
    match feature {
        Feature::RecencyDays => (numbers::short(value), "days ago".into()),
        Feature::TenureDays | Feature::MeanGapDays => (numbers::short(value), "days".into()),
        Feature::AverageOrderValue | Feature::Total => {
            (numbers::amount(value, shop.currency_digits), numbers::shown_currency(&shop.currency).to_owned())
        }
        Feature::DiscountedShare | Feature::ReturnsShare => (numbers::percent(value), "of orders".into()),
        Feature::Orders | Feature::Categories | Feature::Searches30d | Feature::Sessions30d => {
            (numbers::short(value), String::new())
        }
    }
}

/// How a value stands to the shop's, in words of few columns: `2.9x`, `same`, `+12 pt`.
#[must_use]
pub fn against(feature: Feature, value: f64, shop: f64) -> String {
    if !value.is_finite() || !shop.is_finite() {
        return "-".into();
    }
    if matches!(feature, Feature::DiscountedShare | Feature::ReturnsShare) {
        let points = (value - shop) * 100.0;
        return if points.abs() < 0.5 { "same".into() } else { format!("{points:+.0} pt") };
    }
    if value == 0.0 && shop > 0.0 {
        return "none".into();
    }
    if (value - shop).abs() <= 0.02 * shop.abs().max(1e-9) {
        return "same".into();
    }
    if shop.abs() < 1e-9 {
        return format!("{:+}", value.round());
    }
    let ratio = value / shop;
    if ratio.abs() >= 9.95 { format!("{ratio:.0}x") } else { format!("{ratio:.1}x") }
}

/// How far a value is from the shop's on a scale of -1 (a tenth, or all points less) to 1 (tenfold).
#[must_use]
pub fn lean(feature: Feature, value: f64, shop: f64) -> f64 {
    if !value.is_finite() || !shop.is_finite() {
        return 0.0;
    }
    if matches!(feature, Feature::DiscountedShare | Feature::ReturnsShare) {
        return (value - shop).clamp(-1.0, 1.0);
    }
    let floor = if matches!(feature, Feature::RecencyDays | Feature::MeanGapDays) { 1.0 } else { 0.1 };
    (value.max(floor) / shop.max(floor)).log10().clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_read_well() {
        assert_eq!(against(Feature::RecencyDays, 290.0, 100.0), "2.9x");
        assert_eq!(against(Feature::Orders, 5.0, 5.0), "same");
        assert_eq!(against(Feature::DiscountedShare, 0.62, 0.5), "+12 pt");
        assert_eq!(against(Feature::Searches30d, 3.0, 0.0), "+3");
        assert_eq!(against(Feature::Sessions30d, 0.0, 4.0), "none");
        assert!(lean(Feature::Total, 1_000.0, 100.0) > 0.99);
        assert!(lean(Feature::Total, 10.0, 100.0) < -0.99);
    }
}
