//! What is remembered of each customer while lines and events pass by, and the features that follow from it.
//!
//! In: lines and events in any order. Out: one value per customer and feature. Memory grows with the number of
//! customers, not of orders (except for one bit per order where orders have lines).

use std::collections::HashSet;

use jiff::civil::Date;

use super::{Feature, FeatureColumn, Features};
use crate::data::{Bits, Customers, DataError, Knows, OrderLine, Products, Sink, day_number, day_of};

/// "In the last 30 days": the reference date and the 29 days before it.
const RECENT_DAYS: i32 = 30;
/// Recent events held before those that have become old are dropped.
const EVENTS_HELD: usize = 1 << 20;
/// Categories that fit the bits of a customer's mask.
const MASK_BITS: usize = 64;

/// One customer.
#[derive(Clone, Copy)]
struct Behaviour {
    first_day: i32,
    last_day: i32,
    orders: u32,
    discounted: u32,
    returned: u32,
    /// Minor units of what was bought.
    bought: i64,
    /// Minor units of what was given back, negative.
    given_back: i64,
}

const NOTHING: Behaviour = Behaviour {
    first_day: i32::MAX,
    last_day: i32::MIN,
    orders: 0,
    discounted: 0,
    returned: 0,
    bought: 0,
    given_back: 0,
};

/// The categories that each customer has bought from.
enum Categories {
    /// One bit each, where there are few.
    Masks(Vec<u64>),
    /// Customer and category, and how many each customer has.
    Pairs(HashSet<(u32, u32)>, Vec<u32>),
}

struct RecentEvent {
    customer: u32,
    day: i32,
    search: bool,
}

/// All customers.
pub(super) struct Behaviours {
    /// Last day that is seen; later lines are not.
    as_of: Option<i32>,
    customers: Vec<Behaviour>,
    /// Whether several lines may belong to one order.
    share_orders: bool,
    orders: Bits,
    discounted: Bits,
    returned: Bits,
    /// Category of each product.
    category_of: Vec<Option<u32>>,
    categories: Option<Categories>,
    events: Vec<RecentEvent>,
    prune_at: usize,
    last_day: i32,
    searches: bool,
    sessions: bool,
}

impl Behaviours {
    pub(super) fn new(as_of: Option<Date>) -> Self {
        Self {
            as_of: as_of.map(day_number),
            customers: Vec::new(),
            share_orders: true,
            orders: Bits::default(),
            discounted: Bits::default(),
            returned: Bits::default(),
            category_of: Vec::new(),
            categories: None,
            events: Vec::new(),
            prune_at: EVENTS_HELD,
            last_day: i32::MIN,
            searches: false,
            sessions: false,
        }
    }

    pub(super) fn know_products(&mut self, products: &Products) {
        self.category_of = (0..products.len()).map(|row| products.category_number(row)).collect();
        let count = products.categories().len();
        self.categories = match count {
            0 => None,
            1..=MASK_BITS => Some(Categories::Masks(Vec::new())),
            _ => Some(Categories::Pairs(HashSet::new(), Vec::new())),
        };
    }

    pub(super) fn add_line(&mut self, customer: u32, line: &OrderLine) {
        let day = day_of(line.at);
        if self.as_of.is_some_and(|as_of| day > as_of) {
            return;
        }
        self.last_day = self.last_day.max(day);
        let row = customer as usize;
        if row >= self.customers.len() {
            self.customers.resize(row + 1, NOTHING);
        }
        let behaviour = &mut self.customers[row];
        if line.returned {
            behaviour.given_back += line.amount;
            behaviour.returned += u32::from(!self.share_orders || self.returned.insert(line.order));
            return;
        }
        behaviour.first_day = behaviour.first_day.min(day);
        behaviour.last_day = behaviour.last_day.max(day);
        behaviour.bought += line.amount;
        behaviour.orders += u32::from(!self.share_orders || self.orders.insert(line.order));
        if line.discounted {
            behaviour.discounted += u32::from(!self.share_orders || self.discounted.insert(line.order));
        }
        if let Some(product) = line.product
            && let Some(category) = self.category_of.get(product as usize).copied().flatten()
        {
            match &mut self.categories {
                Some(Categories::Masks(masks)) => {
                    if row >= masks.len() {
                        masks.resize(row + 1, 0);
                    }
                    masks[row] |= 1 << category;
                }
                Some(Categories::Pairs(pairs, counts)) => {
                    if row >= counts.len() {
                        counts.resize(row + 1, 0);
                    }
                    counts[row] += u32::from(pairs.insert((customer, category)));
                }
                None => {}
            }
        }
    }

    pub(super) fn add_event(&mut self, customer: u32, at: i64, kind: &str) {
        let day = day_of(at);
        if self.as_of.is_some_and(|as_of| day > as_of) {
            return;
        }
        let search = kind == "search";
        self.searches |= search;
        self.sessions |= kind == "session";
        self.last_day = self.last_day.max(day);
        let since = self.as_of.unwrap_or(self.last_day) - RECENT_DAYS;
        if day <= since || !(search || kind == "session") {
            return;
        }
        if self.events.len() >= self.prune_at {
            self.events.retain(|event| event.day > since);
            self.prune_at = EVENTS_HELD.max(self.events.len() * 2);
        }
        self.events.push(RecentEvent { customer, day, search });
    }

    /// `past`: the reference date is before the last day of the data.
    pub(super) fn finish(
        self,
        customers: &Customers,
        knows: Knows,
        currency_digits: u32,
        as_of: Date,
        past: bool,
    ) -> Features {
        let as_of_day = day_number(as_of);
        let rows = customers.len();
        let major = 10f64.powi(currency_digits as i32);
        let behaviour = |row: usize| self.customers.get(row).unwrap_or(&NOTHING);
        let of = |feature: Feature, value: &dyn Fn(usize, &Behaviour) -> f64| FeatureColumn {
            feature,
            values: (0..rows).map(|row| value(row, behaviour(row)) as f32).collect(),
        };
        // A share or mean of no orders is not known.
        let per_order = |part: f64, behaviour: &Behaviour| {
            if behaviour.orders == 0 { f64::NAN } else { part / f64::from(behaviour.orders) }
        };
        let mut columns = Vec::new();
        // Without a table of orders nobody is known to have none.
        if knows.orders {
            columns.push(of(Feature::RecencyDays, &|_, it| {
                if it.orders == 0 { f64::NAN } else { f64::from(as_of_day - it.last_day) }
            }));
            columns.push(of(Feature::Orders, &|_, it| f64::from(it.orders)));
            columns.push(of(Feature::AverageOrderValue, &|_, it| per_order(it.bought as f64 / major, it)));
            columns.push(of(Feature::Total, &|_, it| (it.bought + it.given_back) as f64 / major));
        }
        if knows.orders || customers.has("created_at") {
            columns.push(of(Feature::TenureDays, &|row, it| {
                let created = customers.created_at(row).map(day_of).filter(|&day| day <= as_of_day);
                let first = created.unwrap_or(i32::MAX).min(it.first_day);
                if first == i32::MAX { f64::NAN } else { f64::from(as_of_day - first) }
            }));
        }
        if knows.orders {
            columns.push(of(Feature::MeanGapDays, &|_, it| {
                if it.orders < 2 {
                    f64::NAN
                } else {
                    f64::from(it.last_day - it.first_day) / f64::from(it.orders - 1)
                }
            }));
        }
        // A customer whose products are all unknown has categories, but nobody knows how many.
        let count = |count: u32| if count == 0 { f64::NAN } else { f64::from(count) };
        match &self.categories {
            Some(Categories::Masks(masks)) if !masks.is_empty() => {
                columns.push(of(Feature::Categories, &|row, _| {
                    count(masks.get(row).map_or(0, |mask| mask.count_ones()))
                }));
            }
            Some(Categories::Pairs(_, counts)) if !counts.is_empty() => {
                columns.push(of(Feature::Categories, &|row, _| count(counts.get(row).copied().unwrap_or(0))));
            }
            _ => {}
        }
        if knows.discounts {
            columns.push(of(Feature::DiscountedShare, &|_, it| per_order(f64::from(it.discounted), it)));
        }
        if knows.returns {
            // A return may belong to an order from before the data begin.
            columns.push(of(Feature::ReturnsShare, &|_, it| {
                per_order(f64::from(it.returned.min(it.orders)), it)
            }));
        }
        for (feature, known, search) in
            [(Feature::Searches30d, self.searches, true), (Feature::Sessions30d, self.sessions, false)]
        {
            if known {
                let mut values = vec![0f32; rows];
                for event in self.events.iter().filter(|event| event.search == search) {
                    if event.day > as_of_day - RECENT_DAYS && event.day <= as_of_day {
                        values[event.customer as usize] += 1.0;
                    }
                }
                columns.push(FeatureColumn { feature, values });
            }
        }
        let came_later = |row: usize| {
            behaviour(row).first_day == i32::MAX
                && behaviour(row).returned == 0
                && customers.created_at(row).is_some_and(|at| day_of(at) > as_of_day)
        };
        let came_later: Vec<u32> =
            (0..rows).filter(|&row| past && came_later(row)).map(|row| row as u32).collect();
        // Nought of somebody who was not there is no fact.
        for column in &mut columns {
            for &row in &came_later {
                column.values[row as usize] = f32::NAN;
            }
        }
        Features { as_of, rows, columns, came_later }
    }
}

impl Sink for Behaviours {
    fn products(&mut self, products: &Products) {
        self.know_products(products);
    }

    fn lines_follow(&mut self, share_orders: bool) {
        self.share_orders = share_orders;
    }

    #[inline]
    fn order_line(&mut self, customer: u32, line: &OrderLine) {
        self.add_line(customer, line);
    }

    fn event(&mut self, customer: u32, at: i64, kind: &str, _: Option<&str>, _: Option<u32>) {
        self.add_event(customer, at, kind);
    }

    fn pause(&mut self) -> Result<(), DataError> {
        Ok(())
    }
}
