//! The kinds of customer that are planted in the sample.
//!
//! Each differs from the others in at least one of recency, frequency, value, discounts, returns or age,
//! with enough noise that a grouping has to work for it. The kind is not in the files.

use super::draw::Draw;

/// Days before the end of the sample, from and to.
type Range = (u32, u32);

/// One kind of customer.
pub(super) struct Kind {
    /// As `--truth` writes it.
    pub(super) name: &'static str,
    /// How many of a thousand customers.
    pub(super) weight: u32,
    /// Orders that everybody of the kind has: from, to.
    pub(super) base_orders: (u32, u32),
    /// Share of the orders that are left over, before noise.
    pub(super) appetite: u32,
    /// When the first order was.
    pub(super) first: Range,
    /// When the last order was; the first where there is only one.
    pub(super) last: Range,
    /// How products below 20, 60, 180 and above are liked.
    pub(super) price_bands: [u32; 4],
    /// Lines of an order: weights of 1, 2, 3, 4.
    pub(super) lines: [u32; 4],
    /// Orders with a discount, of a thousand.
    pub(super) discounted: u32,
    /// Orders of which something comes back, of a thousand.
    pub(super) returned: u32,
    /// Visits in the last 30 days without an order: from, to.
    pub(super) recent_visits: (u32, u32),
    /// Visits before that: from, to.
    pub(super) earlier_visits: (u32, u32),
    /// Consent to e-mail, SMS and push, of a thousand.
    pub(super) consent: [u32; 3],
}

#[rustfmt::skip]
pub(super) static KINDS: [Kind; 8] = [
    Kind {
        name: "loyal-big-spender", weight: 80, base_orders: (9, 22), appetite: 40,
        first: (560, 725), last: (0, 22), price_bands: [4, 18, 48, 30], lines: [45, 35, 15, 5],
        discounted: 60, returned: 40, recent_visits: (1, 4), earlier_visits: (0, 3), consent: [900, 560, 520],
    },
    Kind {
        name: "regular", weight: 200, base_orders: (4, 10), appetite: 11,
        first: (330, 725), last: (3, 75), price_bands: [30, 46, 20, 4], lines: [55, 30, 12, 3],
        discounted: 120, returned: 40, recent_visits: (0, 2), earlier_visits: (0, 3), consent: [780, 400, 330],
    },
    Kind {
        name: "bargain-hunter", weight: 160, base_orders: (4, 11), appetite: 13,
        first: (330, 725), last: (5, 100), price_bands: [58, 34, 7, 1], lines: [60, 28, 10, 2],
        discounted: 930, returned: 50, recent_visits: (0, 2), earlier_visits: (1, 4), consent: [880, 480, 380],
    },
    Kind {
        name: "newcomer", weight: 140, base_orders: (1, 3), appetite: 0,
        first: (14, 75), last: (0, 30), price_bands: [35, 45, 17, 3], lines: [62, 28, 8, 2],
        discounted: 260, returned: 40, recent_visits: (0, 4), earlier_visits: (0, 2), consent: [700, 340, 360],
    },
    Kind {
        name: "lapsed-big-spender", weight: 90, base_orders: (4, 11), appetite: 8,
        first: (560, 728), last: (210, 400), price_bands: [3, 14, 46, 37], lines: [48, 34, 14, 4],
        discounted: 80, returned: 50, recent_visits: (0, 0), earlier_visits: (0, 3), consent: [740, 360, 220],
    },
    Kind {
        name: "one-time-buyer", weight: 170, base_orders: (1, 1), appetite: 0,
        first: (150, 700), last: (150, 700), price_bands: [36, 42, 18, 4], lines: [68, 24, 6, 2],
        discounted: 240, returned: 50, recent_visits: (0, 0), earlier_visits: (0, 2), consent: [560, 260, 150],
    },
    Kind {
        name: "returner", weight: 60, base_orders: (5, 12), appetite: 12,
        first: (330, 720), last: (5, 90), price_bands: [14, 38, 38, 10], lines: [35, 35, 22, 8],
        discounted: 180, returned: 560, recent_visits: (0, 2), earlier_visits: (0, 3), consent: [760, 380, 300],
    },
    Kind {
        name: "browser", weight: 100, base_orders: (0, 0), appetite: 0,
        first: (20, 240), last: (20, 240), price_bands: [30, 40, 22, 8], lines: [1, 0, 0, 0],
        discounted: 0, returned: 0, recent_visits: (0, 5), earlier_visits: (2, 6), consent: [620, 200, 280],
    },
];

/// What is decided about a customer before anything else: enough to divide the orders.
pub(super) struct Outline {
    pub(super) kind: &'static Kind,
    pub(super) base_orders: u32,
    pub(super) appetite: u32,
}

impl Outline {
    /// The first draws of a customer's stream.
    pub(super) fn draw(draw: &mut Draw) -> Self {
        let mut rest = draw.below(1000);
        let mut chosen = &KINDS[0];
        for kind in &KINDS {
            chosen = kind;
            if rest < kind.weight {
                break;
            }
            rest -= kind.weight;
        }
        let base_orders = draw.between(chosen.base_orders.0, chosen.base_orders.1);
        let appetite = chosen.appetite * draw.around(900);
        Self { kind: chosen, base_orders, appetite }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_hold_a_thousand() {
        assert_eq!(KINDS.iter().map(|kind| kind.weight).sum::<u32>(), 1000);
        for kind in &KINDS {
            assert!(kind.first.0 >= kind.last.0, "{}: the last order may come before the first", kind.name);
        }
    }
}
