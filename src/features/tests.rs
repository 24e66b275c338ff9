use std::fs;

use super::*;
use crate::jobs::unwatched;

/// The features of a shop that is written to a folder, from memory and straight from the files; both must agree.
fn features(files: &[(&str, &str)], as_of: Option<&str>) -> Features {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let sources = [folder.path().to_path_buf()];
    let as_of = as_of.map(|date| date.parse().unwrap());
    let settings = DataConfig::default();
    let shop = unwatched(|task| data::load(&sources, &settings, task)).unwrap();
    let from_shop = unwatched(|task| compute(&shop, as_of, task)).unwrap();
    let (_, from_files) = unwatched(|task| from_files(&sources, &settings, as_of, task)).unwrap();
    assert_eq!(from_shop.as_of, from_files.as_of);
    assert_eq!(from_shop.columns.len(), from_files.columns.len());
    for (left, right) in from_shop.columns.iter().zip(&from_files.columns) {
        assert_eq!(left.feature, right.feature);
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&left.values), bits(&right.values), "{:?}", left.feature);
    }
    from_shop
}

const RFM: &str = "customer_id,ordered_at,amount\n1,2015-02-01,10\n1,2015-02-06,20\n2,2015-01-01,5\n\
                   3,2015-01-01,1\n3,2015-01-02,2\n3,2015-01-05,3\n";

#[test]
fn the_published_rfm_summary_follows_from_the_features() {
    // (frequency, recency, T) of the documentation of `lifetimes`: 1 (1, 5, 6), 2 (0, 0, 37), 3 (2, 4, 37).
    let features = features(&[("orders.csv", RFM)], Some("2015-02-07"));
    let summary = |row: usize| {
        let value = |feature| features.value(feature, row);
        let tenure = value(Feature::TenureDays).unwrap();
        (value(Feature::Orders).unwrap() - 1.0, tenure - value(Feature::RecencyDays).unwrap(), tenure)
    };
    assert_eq!(summary(0), (1.0, 5.0, 6.0));
    assert_eq!(summary(1), (0.0, 0.0, 37.0));
    assert_eq!(summary(2), (2.0, 4.0, 37.0));
    assert_eq!(features.value(Feature::MeanGapDays, 2), Some(2.0));
    assert_eq!(features.value(Feature::MeanGapDays, 1), None, "one order has no gap");
    assert_eq!(features.value(Feature::AverageOrderValue, 0), Some(15.0));
    assert_eq!(features.value(Feature::Total, 2), Some(6.0));
}

#[test]
fn the_reference_date_is_the_last_day_in_the_data_and_hides_what_comes_later() {
    let default = features(&[("orders.csv", RFM)], None);
    assert_eq!(default.as_of.to_string(), "2015-02-06");
    assert_eq!(default.value(Feature::RecencyDays, 0), Some(0.0));
    let earlier = features(&[("orders.csv", RFM)], Some("2015-02-01"));
    assert_eq!(earlier.value(Feature::Orders, 0), Some(1.0));
    assert_eq!(earlier.value(Feature::Total, 0), Some(10.0));
}

#[test]
fn who_came_after_a_reference_date_in_the_past_was_not_there() {
    let files = [
        ("customers.csv", "customer_id,created_at\na,2025-01-01\nb,2025-03-01\nc,2025-06-01\nd,2025-03-01\n"),
        ("orders.csv", "customer_id,ordered_at,amount\na,2025-01-02,5\nd,2025-01-05,5\na,2025-04-01,5\n"),
    ];
    let there = |as_of| {
        let features = features(&files, as_of);
        (0..4).map(|row| features.was_there(row)).collect::<Vec<bool>>()
    };
    assert_eq!(
        there(Some("2025-02-01")),
        [true, false, false, true],
        "d had ordered, whatever the file says"
    );
    let past = features(&files, Some("2025-02-01"));
    assert_eq!(past.value(Feature::Orders, 1), None, "none of somebody who was not there is no fact");
    assert_eq!(there(None), [true; 4], "the last order is no reason to forget who came since");
}

#[test]
fn what_the_tables_do_not_say_is_absent_and_never_zero() {
    let features = features(&[("orders.csv", RFM)], None);
    for feature in [
        Feature::Categories,
        Feature::DiscountedShare,
        Feature::ReturnsShare,
        Feature::Searches30d,
        Feature::Sessions30d,
    ] {
        assert!(features.column(feature).is_none(), "{feature:?}");
    }
}

#[test]
fn without_a_table_of_orders_nobody_is_said_to_have_ordered_nothing() {
    let files = [("customers.csv", "customer_id,email\na,a@example.com\nb,b@example.com\n")];
    assert!(features(&files, None).columns.is_empty());
    let dated = [("customers.csv", "customer_id,created_at\na,2025-01-01\nb,2025-01-11\n")];
    let found = features(&dated, Some("2025-01-31"));
    assert_eq!(found.columns.len(), 1);
    assert_eq!(found.value(Feature::TenureDays, 1), Some(20.0));
}

#[test]
fn events_after_the_reference_date_do_not_make_noughts_of_the_days_before() {
    let files = [
        ("orders.csv", RFM),
        (
            "events.csv",
            "customer_id,at,kind\n1,2015-02-03,search\n1,2015-02-20,session\n2,2015-02-20,search\n",
        ),
    ];
    let before = features(&files, Some("2015-02-02"));
    assert!(before.column(Feature::Searches30d).is_none() && before.column(Feature::Sessions30d).is_none());
    let between = features(&files, Some("2015-02-10"));
    assert_eq!(between.value(Feature::Searches30d, 0), Some(1.0));
    assert_eq!(between.value(Feature::Searches30d, 1), Some(0.0));
    assert!(between.column(Feature::Sessions30d).is_none());
    let after = features(&files, None);
    assert_eq!(after.value(Feature::Sessions30d, 0), Some(1.0));
}

#[test]
fn lines_of_one_order_are_one_order_with_its_categories_discounts_and_returns() {
    let features = features(
        &[
            ("customers.csv", "customer_id,created_at\na,2025-01-01\nb,2025-06-01\n"),
            (
                "products.csv",
                "product_id,name,category\np1,Pot,Kitchen\np2,Pan,Kitchen\np3,Lamp,Light\np4,Thing,\n",
            ),
            (
                "orders.csv",
                "order_id,customer_id,ordered_at,product_id,quantity,unit_price,coupon_code,status\n\
                 1,a,2025-06-01,p1,2,10.00,SAVE,completed\n\
                 1,a,2025-06-01,p2,1,5.00,SAVE,completed\n\
                 2,a,2025-06-11,p3,1,40.00,,completed\n\
                 3,a,2025-06-21,p4,1,7.00,,refunded\n\
                 4,a,2025-06-21,p4,1,100.00,,cancelled\n",
            ),
            (
                "events.csv",
                "customer_id,at,kind,query\na,2025-06-20,search,lamp\na,2025-06-21,search,pot\na,2025-05-22,search,old\n\
                 b,2025-06-21,session,\n",
            ),
        ],
        None,
    );
    let value = |feature| features.value(feature, 0);
    assert_eq!(value(Feature::Orders), Some(3.0), "the cancelled order is none");
    assert_eq!(value(Feature::Total), Some(65.0), "what was refunded is taken off");
    assert_eq!(value(Feature::AverageOrderValue), Some(24.0));
    assert_eq!(value(Feature::Categories), Some(2.0));
    assert_eq!(value(Feature::DiscountedShare), Some(1.0 / 3.0));
    assert_eq!(value(Feature::ReturnsShare), Some(1.0 / 3.0));
    assert_eq!(value(Feature::MeanGapDays), Some(10.0));
    assert_eq!(value(Feature::TenureDays), Some(171.0), "since the account was made");
    assert_eq!(value(Feature::Searches30d), Some(2.0), "22 May is 30 days before 21 June");
    assert_eq!(value(Feature::Sessions30d), Some(0.0));
    assert_eq!(features.value(Feature::RecencyDays, 1), None, "no order, no recency");
    assert_eq!(features.value(Feature::Orders, 1), Some(0.0));
    assert_eq!(features.value(Feature::TenureDays, 1), Some(20.0));
    assert_eq!(features.value(Feature::AverageOrderValue, 1), None);
}
