//! The rows of `events.csv` for one customer: sessions with the searches, views and carts in them.

use super::calendar::{FIRST_SECOND, LAST, month};
use super::catalogue::CATEGORIES;
use super::draw::Draw;
use super::purchases::{Buyer, Order};
use super::row;

pub(super) const HEADER: &str = "customer_id,at,kind,query,product_id\n";

/// Something that was done in the shop.
struct Event {
    at: i64,
    kind: &'static str,
    query: &'static str,
    product: Option<usize>,
}

/// Appends what the customer did, oldest first; returns the number of rows. `first_day` is when the shop
/// first saw the customer.
pub(super) fn write(
    out: &mut Vec<u8>,
    buyer: &Buyer<'_>,
    first_day: u32,
    orders: &[Order],
    draw: &mut Draw,
) -> u64 {
    let mut events = Vec::new();
    for order in orders {
        // Not every order begins in a browser that may be watched.
        if draw.chance(380) {
            let at = (order.at - i64::from(draw.between(240, 2400))).max(FIRST_SECOND);
            events.push(Event { at, kind: "session", query: "", product: None });
            let (kind, pause) = if draw.chance(500) { ("cart", 200) } else { ("view", 100) };
            events.push(Event { at: at + pause, kind, query: "", product: Some(order.product) });
        }
    }
    let last_month = first_day.max(LAST - 29);
    for _ in 0..draw.between(buyer.kind.recent_visits.0, buyer.kind.recent_visits.1) {
        visit(&mut events, buyer, (last_month, LAST), draw);
    }
    if first_day < last_month {
        for _ in 0..draw.between(buyer.kind.earlier_visits.0, buyer.kind.earlier_visits.1) {
            visit(&mut events, buyer, (first_day, last_month - 1), draw);
        }
    }
    events.sort_by_key(|event| event.at);
    for event in &events {
        row::customer_id(out, buyer.customer);
        out.push(b',');
        row::time(out, event.at);
        out.push(b',');
        row::text(out, event.kind);
        row::text(out, event.query);
        if let Some(product) = event.product {
            row::product_id(out, product);
        }
        out.push(b'\n');
    }
    events.len() as u64
}

/// A session without an order.
fn visit(events: &mut Vec<Event>, buyer: &Buyer<'_>, (from, to): (u32, u32), draw: &mut Draw) {
    let day = buyer.season.day(from, to, 0, 1, draw);
    // Ten minutes before midnight at the latest, so that the visit ends on its day.
    let second = buyer.season.second_of_day(draw).min(85_800);
    let mut at = buyer.zone.utc(day, second);
    events.push(Event { at, kind: "session", query: "", product: None });
    let category = buyer.market.category(buyer.kind_number, month(day), &buyer.taste, draw);
    if draw.chance(480) {
        at += i64::from(draw.between(5, 60));
        let query = draw.one(CATEGORIES[category].queries[usize::from(buyer.chinese)]);
        events.push(Event { at, kind: "search", query, product: None });
    }
    for _ in 0..draw.weighted(&[25, 50, 25]) {
        at += i64::from(draw.between(8, 120));
        let product = buyer.market.product(buyer.kind_number, category, draw);
        events.push(Event { at, kind: "view", query: "", product: Some(product) });
        if draw.chance(140) {
            at += i64::from(draw.between(10, 90));
            events.push(Event { at, kind: "cart", query: "", product: Some(product) });
        }
    }
}
