//! What customers have bought, for the facts of a message: the favourite category, the last product, and when.
//!
//! In: lines of orders up to the reference date. Out: names in the message's language. For one customer their own
//! lines are read ([`of_customer`]); for all recipients of a message the shop's lines are read once
//! ([`Purchases`]), since on disk each customer's own cost as much as everybody's.

use std::sync::Arc;

use jiff::civil::Date;

use super::{Strategy, channel::is_chinese};
use crate::data::{DataError, OrderLine, Products, Shop, day_number, day_of};
use crate::jobs::Task;

/// Lines between two looks at whether to stop.
const LINES_PER_CHECK: u64 = 1 << 16;
/// Marks a customer who gets no message.
const NOBODY: u32 = u32::MAX;

/// Numbers of a category and a product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bought {
    category: Option<u32>,
    product: Option<u32>,
    /// Of the last order, milliseconds UTC.
    pub(crate) last_at: Option<i64>,
}

impl Bought {
    /// The category bought most often, of those that have a name in that language.
    pub(crate) fn favourite_category<'a>(&self, shop: &'a Shop, chinese: bool) -> Option<&'a str> {
        shop.products.as_ref()?.category_name(self.category?, chinese)
    }

    /// The product bought last, if it has a name in that language.
    pub(crate) fn last_product<'a>(&self, shop: &'a Shop, chinese: bool) -> Option<&'a str> {
        shop.products.as_ref()?.name_in(self.product? as usize, chinese)
    }
}

/// What has been seen of one customer.
#[derive(Clone, Default)]
struct Tally {
    categories: Vec<Category>,
    last: Option<(i64, u32)>,
    last_at: Option<i64>,
    /// Products of which something came back, and when.
    returned: Vec<(u32, i64)>,
}

/// What has been seen of one customer's lines of a category.
#[derive(Clone, Copy)]
struct Category {
    number: u32,
    lines: u32,
    /// The lines come by order.
    orders: u32,
    last_order: u32,
    last_at: i64,
}

/// A category bought in fewer orders is nobody's favourite.
const FAVOURITE_ORDERS: u32 = 2;

impl Tally {
    fn add(&mut self, line: &OrderLine, products: Option<&Products>) {
        if line.returned {
            self.returned.extend(line.product.map(|product| (product, line.at)));
            return;
        }
        self.last_at = self.last_at.max(Some(line.at));
        let (Some(product), Some(products)) = (line.product, products) else { return };
        if products.name(product as usize).is_some() && self.last.is_none_or(|(at, _)| line.at >= at) {
            self.last = Some((line.at, product));
        }
        let Some(category) = products.category_number(product as usize) else { return };
        match self.categories.iter_mut().find(|seen| seen.number == category) {
            Some(seen) => {
                seen.lines += 1;
                seen.orders += u32::from(seen.last_order != line.order);
                seen.last_order = line.order;
                seen.last_at = line.at.max(seen.last_at);
            }
            None => self.categories.push(Category {
                number: category,
                lines: 1,
                orders: 1,
                last_order: line.order,
                last_at: line.at,
            }),
        }
    }

    /// Whether something of the product came back since it was bought.
    fn came_back(&self, (at, product): (i64, u32)) -> bool {
        self.returned.iter().any(|&(returned, when)| returned == product && when >= at)
    }

    /// Of two categories as frequent the later one; of two in one order, whatever the order of the lines, the one
    /// that the catalogue names later.
    fn finish(&self, products: Option<&Products>, chinese: bool) -> Bought {
        let favourite = self
            .categories
            .iter()
            .filter(|seen| seen.orders >= FAVOURITE_ORDERS)
            .filter(|seen| {
                products.is_some_and(|products| products.category_name(seen.number, chinese).is_some())
            })
            .max_by_key(|seen| (seen.lines, seen.last_at, seen.number));
        Bought {
            category: favourite.map(|seen| seen.number),
            // Nobody is glad to be told of what they sent back.
            product: self.last.filter(|last| !self.came_back(*last)).map(|(_, product)| product),
            last_at: self.last_at,
        }
    }
}

/// Whether the message says anything about what was bought, in its own words or in what was written into its slots.
fn is_told(strategy: &Strategy, slots: &[String]) -> bool {
    ["favourite_category", "last_product", "last_order_month"]
        .iter()
        .any(|field| strategy.message.values().chain(slots).any(|text| text.contains(field)))
}

/// What one customer has bought; nothing where the message does not say it.
///
/// # Errors
/// Lines that were put aside on disk cannot be read back.
pub(crate) fn of_customer(
    shop: &Shop,
    as_of: Date,
    row: usize,
    strategy: &Strategy,
) -> Result<Bought, DataError> {
    if !is_told(strategy, &[]) {
        return Ok(Bought::default());
    }
    let products = shop.products.as_ref();
    let last_day = day_number(as_of);
    let mut tally = Tally::default();
    for line in shop.customer_orders(row)?.iter().filter(|line| day_of(line.at) <= last_day) {
        tally.add(line, products);
    }
    Ok(tally.finish(products, is_chinese(&strategy.language)))
}

/// A message, and who gets it.
#[derive(Clone, Copy, Debug)]
pub struct Mailing<'a> {
    /// Customer rows.
    pub recipients: &'a [u32],
    pub strategy: &'a Strategy,
    /// The approved texts, which may hold fields of their own.
    pub slots: &'a [String],
}

/// What all recipients of a message have bought.
#[derive(Clone, Debug, Default)]
pub struct Purchases {
    /// Place in `bought` by customer row; empty where the message says nothing of it.
    places: Arc<Vec<u32>>,
    bought: Arc<Vec<Bought>>,
}

impl Purchases {
    /// Reads all orders up to the reference date once, if the message says anything about them. `slots` are the approved
    /// texts, which may hold fields of their own.
    ///
    /// # Errors
    /// Cancelled, or lines that were put aside on disk cannot be read back.
    pub fn of(
        shop: &Shop,
        as_of: Date,
        recipients: &[u32],
        strategy: &Strategy,
        slots: &[String],
        task: &Task<'_>,
    ) -> Result<Self, DataError> {
        let mut all = Self::of_each(shop, as_of, &[Mailing { recipients, strategy, slots }], task)?;
        Ok(all.pop().unwrap_or_default())
    }

    /// As [`Self::of`] for several messages: the orders are read once for all of them. In the order of the mailings.
    ///
    /// # Errors
    /// Cancelled, or lines that were put aside on disk cannot be read back.
    pub fn of_each(
        shop: &Shop,
        as_of: Date,
        mailings: &[Mailing<'_>],
        task: &Task<'_>,
    ) -> Result<Vec<Self>, DataError> {
        let tells = |mailing: &Mailing<'_>| is_told(mailing.strategy, mailing.slots);
        let mut places = vec![NOBODY; shop.customers.len()];
        let mut recipients = 0;
        for &row in mailings.iter().filter(|mailing| tells(mailing)).flat_map(|mailing| mailing.recipients) {
            if places[row as usize] == NOBODY {
                places[row as usize] = recipients;
                recipients += 1;
            }
        }
        if recipients == 0 {
            return Ok(vec![Self::default(); mailings.len()]);
        }
        let products = shop.products.as_ref();
        let mut tallies = vec![Tally::default(); recipients as usize];
        let last_day = day_number(as_of);
        let mut visited = 0_u64;
        shop.each_order_line(&mut |customer, line| {
            visited += 1;
            if visited.is_multiple_of(LINES_PER_CHECK) {
                task.check()?;
            }
            if let Some(tally) = tallies.get_mut(places[customer as usize] as usize)
                && day_of(line.at) <= last_day
            {
                tally.add(line, products);
            }
            Ok(())
        })?;
        let places = Arc::new(places);
        // By language, Chinese and not; a language that no message has is left out.
        let mut bought: [Option<Arc<Vec<Bought>>>; 2] = [None, None];
        let mut of = |mailing: &Mailing<'_>| {
            let chinese = is_chinese(&mailing.strategy.language);
            let finish = || tallies.iter().map(|tally| tally.finish(products, chinese)).collect();
            let bought = bought[usize::from(chinese)].get_or_insert_with(|| Arc::new(finish()));
            Self { places: Arc::clone(&places), bought: Arc::clone(bought) }
        };
        Ok(mailings
            .iter()
            .map(|mailing| if tells(mailing) { of(mailing) } else { Self::default() })
            .collect())
    }

    /// What this recipient has bought.
    pub(crate) fn of_recipient(&self, row: usize) -> Bought {
        let place = self.places.get(row).copied().unwrap_or(NOBODY);
        self.bought.get(place as usize).copied().unwrap_or_default()
    }
}
