//! Divides the orders among the customers, so that they add up exactly without a list of customers in memory.

use rayon::prelude::*;

use super::draw::Draw;
use super::kinds::Outline;

/// Customers that are made together.
pub(super) const CHUNK: u32 = 256;

/// How the orders are divided.
pub(super) struct Plan {
    seed: u64,
    pub(super) customers: u32,
    /// Orders that are divided by weight, on top of what each kind has anyway.
    shared: u64,
    rule: Rule,
    /// For each chunk: orders and weight of the chunks before it.
    starts: Vec<(u64, u64)>,
    total_weight: u64,
}

/// What a customer's share is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// Everybody has the orders of their kind; the rest goes by appetite.
    Appetite,
    /// There are too few orders for that: all go by what the kinds would have.
    Base,
    /// Nobody would buy anything: all customers alike.
    Everybody,
}

impl Rule {
    fn weight(self, outline: &Outline) -> u64 {
        match self {
            Self::Appetite => u64::from(outline.appetite),
            Self::Base => u64::from(outline.base_orders),
            Self::Everybody => 1,
        }
    }
}

/// A customer with the orders that fall to them.
pub(super) struct Share {
    pub(super) customer: u32,
    pub(super) outline: Outline,
    /// The stream, after the draws of the outline.
    pub(super) draw: Draw,
    pub(super) first_order: u64,
    pub(super) orders: u32,
}

impl Plan {
    pub(super) fn new(seed: u64, customers: u32, orders: u64) -> Self {
        let chunks = customers.div_ceil(CHUNK);
        let sums: Vec<(u64, u64)> = (0..chunks)
            .into_par_iter()
            .map(|chunk| {
                members(customers, chunk).fold((0, 0), |sums, customer| {
                    let outline = Outline::draw(&mut Draw::new(seed, u64::from(customer)));
                    (sums.0 + u64::from(outline.base_orders), sums.1 + u64::from(outline.appetite))
                })
            })
            .collect();
        let base: u64 = sums.iter().map(|sum| sum.0).sum();
        let appetite: u64 = sums.iter().map(|sum| sum.1).sum();
        let (rule, shared) = if orders >= base && appetite > 0 {
            (Rule::Appetite, orders - base)
        } else if base > 0 {
            (Rule::Base, orders)
        } else {
            (Rule::Everybody, orders)
        };
        let total_weight = match rule {
            Rule::Appetite => appetite,
            Rule::Base => base,
            Rule::Everybody => u64::from(customers),
        };
        let mut plan = Self { seed, customers, shared, rule, starts: Vec::new(), total_weight };
        let (mut orders_before, mut weight_before) = (0, 0);
        for (chunk, sum) in sums.iter().enumerate() {
            plan.starts.push((orders_before, weight_before));
            let weight = match rule {
                Rule::Appetite => sum.1,
                Rule::Base => sum.0,
                Rule::Everybody => members(customers, chunk as u32).len() as u64,
            };
            orders_before += plan.given(weight_before + weight) - plan.given(weight_before);
            if rule == Rule::Appetite {
                orders_before += sum.0;
            }
            weight_before += weight;
        }
        plan
    }

    pub(super) fn chunks(&self) -> u32 {
        self.starts.len() as u32
    }

    /// Shared orders that fall to the first customers whose weights add up to `weight`.
    fn given(&self, weight: u64) -> u64 {
        (u128::from(self.shared) * u128::from(weight) / u128::from(self.total_weight.max(1))) as u64
    }

    /// The customers of a chunk.
    pub(super) fn shares(&self, chunk: u32) -> impl Iterator<Item = Share> + '_ {
        let (mut first_order, mut weight_before) = self.starts[chunk as usize];
        members(self.customers, chunk).map(move |customer| {
            let mut draw = Draw::new(self.seed, u64::from(customer));
            let outline = Outline::draw(&mut draw);
            let weight = weight_before + self.rule.weight(&outline);
            let mut orders = (self.given(weight) - self.given(weight_before)) as u32;
            if self.rule == Rule::Appetite {
                orders += outline.base_orders;
            }
            let share = Share { customer, outline, draw, first_order, orders };
            first_order += u64::from(orders);
            weight_before = weight;
            share
        })
    }
}

fn members(customers: u32, chunk: u32) -> std::ops::Range<u32> {
    let first = chunk * CHUNK;
    first..customers.min(first + CHUNK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_orders_add_up_and_are_numbered_without_gaps() {
        for (customers, orders) in [(1, 0), (1, 9), (7, 3), (300, 0), (300, 40), (1000, 9000), (513, 5_000)] {
            let plan = Plan::new(3, customers, orders);
            let mut next = 0;
            let mut count = 0;
            for share in (0..plan.chunks()).flat_map(|chunk| plan.shares(chunk)) {
                assert_eq!(share.first_order, next, "{customers} customers, {orders} orders");
                next += u64::from(share.orders);
                count += 1;
            }
            assert_eq!((count, next), (customers, orders));
        }
    }

    #[test]
    fn with_enough_orders_every_kind_has_its_own() {
        let plan = Plan::new(3, 2000, 18_000);
        for share in (0..plan.chunks()).flat_map(|chunk| plan.shares(chunk)) {
            match share.outline.kind.name {
                "browser" => assert_eq!(share.orders, 0),
                "one-time-buyer" => assert_eq!(share.orders, 1),
                "loyal-big-spender" => assert!(share.orders >= 9),
                _ => assert!(share.orders >= 1),
            }
        }
    }
}
