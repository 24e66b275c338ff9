//! The rows of `orders.csv` for one customer.

use super::calendar::{DAY, FIRST_SECOND, LAST, Zone, month};
use super::catalogue::{CATEGORIES, first_product, product_count};
use super::draw::Draw;
use super::kinds::{KINDS, Kind};
use super::row;
use super::season::Season;

pub(super) const HEADER: &str = "order_id,customer_id,ordered_at,product_id,quantity,unit_price,amount,\
discount,coupon_code,status,currency\n";

/// What is liked by whom: for each kind of customer and category, the weight of each product.
pub(super) struct Market {
    weights: Vec<[Vec<u32>; 12]>,
    totals: Vec<[u32; 12]>,
    prices: Vec<u32>,
    firsts: [usize; 12],
}

/// What one customer likes, by category.
pub(super) type Taste = [u32; 12];

impl Market {
    pub(super) fn new() -> Self {
        let weights: Vec<[Vec<u32>; 12]> = KINDS
            .iter()
            .map(|kind| {
                std::array::from_fn(|category| {
                    let products = CATEGORIES[category].products.iter().enumerate();
                    products
                        .map(|(rank, &(_, _, price))| {
                            let band = [2000, 6000, 18_000].partition_point(|&bound| bound <= price);
                            kind.price_bands[band] * (20 - rank as u32)
                        })
                        .collect()
                })
            })
            .collect();
        let totals =
            weights.iter().map(|by_category| by_category.each_ref().map(|of| of.iter().sum())).collect();
        let mut prices = Vec::with_capacity(product_count());
        prices.extend(CATEGORIES.iter().flat_map(|category| category.products).map(|product| product.2));
        Self { weights, totals, prices, firsts: std::array::from_fn(first_product) }
    }

    /// Two or three favourite categories, and a little of everything.
    pub(super) fn taste(draw: &mut Draw) -> Taste {
        let mut taste = [2; 12];
        for _ in 0..draw.between(2, 3) {
            taste[draw.below(12) as usize] = 14;
        }
        taste
    }

    /// A category for the month, 0..12.
    pub(super) fn category(&self, kind: usize, month: usize, taste: &Taste, draw: &mut Draw) -> usize {
        let weights: [u32; 12] = std::array::from_fn(|category| {
            self.totals[kind][category] / 8 * CATEGORIES[category].by_month[month - 1] * taste[category]
        });
        draw.weighted(&weights)
    }

    /// A product of the category.
    pub(super) fn product(&self, kind: usize, category: usize, draw: &mut Draw) -> usize {
        self.firsts[category] + draw.weighted(&self.weights[kind][category])
    }
}

/// An order that was written.
pub(super) struct Order {
    /// Seconds since 1970 UTC.
    pub(super) at: i64,
    /// The first product in it.
    pub(super) product: usize,
}

/// Somebody who buys.
pub(super) struct Buyer<'a> {
    pub(super) customer: u32,
    pub(super) kind: &'static Kind,
    /// Index of the kind.
    pub(super) kind_number: usize,
    pub(super) zone: &'static Zone,
    pub(super) chinese: bool,
    pub(super) season: &'a Season,
    pub(super) market: &'a Market,
    pub(super) taste: Taste,
}

impl Buyer<'_> {
    /// Appends `count` orders between two days, the first numbered `first_order`; returns them, oldest
    /// first, and the number of rows.
    pub(super) fn write(
        &self,
        out: &mut Vec<u8>,
        (from, to): (u32, u32),
        first_order: u64,
        count: u32,
        draw: &mut Draw,
    ) -> (Vec<Order>, u64) {
        let mut days: Vec<(i64, u32)> = (0..count)
            .map(|number| {
                // The first and the last order mark the customer's time with the shop.
                let day = match number {
                    0 => from,
                    last if last + 1 == count => to,
                    part => self.season.day(from, to, part, count, draw),
                };
                (self.zone.utc(day, self.season.second_of_day(draw)), day)
            })
            .collect();
        days.sort_unstable();
        let mut rows = 0;
        let mut orders = Vec::with_capacity(days.len());
        for (number, (at, day)) in days.into_iter().enumerate() {
            let product = self.order(out, first_order + number as u64, at, day, number == 0, &mut rows, draw);
            orders.push(Order { at, product });
        }
        (orders, rows)
    }

    #[expect(clippy::too_many_arguments, reason = "one order has that many sides; it is called once")]
    pub(super) fn order(
        &self,
        out: &mut Vec<u8>,
        number: u64,
        at: i64,
        day: u32,
        first: bool,
        rows: &mut u64,
        draw: &mut Draw,
    ) -> usize {
        let month = month(day);
        let (percent, coupon) = self.discount(month, first, draw);
        let line_count = draw.weighted(&self.kind.lines) + 1;
        let status = match FIRST_SECOND + (i64::from(LAST) + 1) * DAY - at {
            left if left < DAY => "paid",
            left if left < 5 * DAY => "shipped",
            _ => "delivered",
        };
        let mut products = Vec::with_capacity(line_count);
        let mut lines = Vec::with_capacity(line_count);
        for _ in 0..line_count {
            let category = self.market.category(self.kind_number, month, &self.taste, draw);
            let product = self.market.product(self.kind_number, category, draw);
            // A product stands in an order once, with its quantity.
            if products.contains(&product) {
                continue;
            }
            products.push(product);
            let price = i64::from(self.market.prices[product]);
            let quantity = if price < 6000 { draw.weighted(&[72, 19, 5, 4]) as i64 + 1 } else { 1 };
            let line = Line { product, quantity, price, percent: i64::from(percent), coupon };
            self.line(out, b'O', number, at, line, status);
            *rows += 1;
            lines.push(line);
        }
        if draw.chance(self.kind.returned) {
            let back = at + i64::from(draw.between(4, 20)) * DAY + i64::from(draw.below(20_000));
            if back < FIRST_SECOND + (i64::from(LAST) + 1) * DAY {
                let all = draw.chance(350);
                for line in lines.iter().take(if all { lines.len() } else { 1 }) {
                    let returned = Line { quantity: -line.quantity, ..*line };
                    self.line(out, b'R', number, back, returned, "returned");
                    *rows += 1;
                }
            }
        }
        products[0]
    }

    /// Per cent off and the code, if any.
    fn discount(&self, month: usize, first: bool, draw: &mut Draw) -> (u32, &'static str) {
        let feast = matches!(month, 7 | 11 | 12);
        if !draw.chance(self.kind.discounted + if feast { 60 } else { 0 }) {
            return (0, "");
        }
        if first && draw.chance(600) {
            return (10, "WELCOME10");
        }
        // A third of the reductions need no code.
        if draw.chance(330) {
            return (*draw.one(&[10, 15, 20, 30]), "");
        }
        match (month, self.chinese) {
            (11, true) => (20, "SINGLES20"),
            (6, true) => (15, "MIDYEAR15"),
            (11, false) => (25, "BLACKWEEK25"),
            (12, false) => (15, "ADVENT15"),
            (1, _) => (20, "WINTER20"),
            (7, _) => (20, "SUMMER20"),
            _ => *draw.one(&[(10, "SAVE10"), (15, "SAVE15"), (20, "SAVE20")]),
        }
    }

    fn line(&self, out: &mut Vec<u8>, letter: u8, number: u64, at: i64, line: Line, status: &str) {
        let gross = line.price * line.quantity;
        let discount = gross * line.percent / 100;
        out.push(letter);
        row::number(out, number + 1, 8);
        out.push(b',');
        row::customer_id(out, self.customer);
        out.push(b',');
        row::time(out, at);
        out.push(b',');
        row::product_id(out, line.product);
        out.push(b',');
        if line.quantity < 0 {
            out.push(b'-');
        }
        row::number(out, line.quantity.unsigned_abs(), 1);
        out.push(b',');
        row::money(out, line.price);
        out.push(b',');
        row::money(out, gross - discount);
        out.push(b',');
        row::money(out, discount);
        out.push(b',');
        row::text(out, line.coupon);
        row::text(out, status);
        out.extend_from_slice(b"EUR\n");
    }
}

/// One line of an order.
#[derive(Clone, Copy)]
struct Line {
    product: usize,
    quantity: i64,
    /// Cents for one.
    price: i64,
    percent: i64,
    coupon: &'static str,
}
