//! The shop in memory: columns, addressed by row.

use jiff::civil::Date;
use polars::prelude::{DataFrame, LazyFrame};

use super::{Channel, DataReport};

/// Everything that was read. A customer is a row number, `0..customers.len()`.
#[derive(Clone, Debug)]
pub struct Shop {
    pub customers: Customers,
    pub products: Option<Products>,
    /// ISO 4217 code of all amounts, which are integer minor units (cents).
    pub currency: String,
    /// Decimal digits of the minor unit: 2 for EUR, 0 for JPY.
    pub currency_digits: u32,
    pub first_day: Date,
    /// Last day on which anything happened: the default reference date.
    pub last_day: Date,
    /// Whether order times carry a time of day.
    pub orders_have_time: bool,
    pub report: DataReport,
    pub(super) orders: DataFrame,
    pub(super) events: Option<DataFrame>,
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderLine {
    /// Number of the order within the shop; lines of one order share it.
    pub order: u32,
    /// Milliseconds since 1970-01-01 UTC.
    pub at: i64,
    /// Minor units, after discount; negative for a return.
    pub amount: i64,
    pub quantity: f64,
    pub product: Option<u32>,
    pub discounted: bool,
    pub returned: bool,
}

/// One thing that a customer did.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub at: i64,
    /// `search`, `session`, `view`, ... as the file has it.
    pub kind: String,
    pub query: Option<String>,
    pub product: Option<u32>,
}

impl Shop {
    /// Lines of orders, sorted by nothing in particular. Columns: `customer` u32, `order` u32, `at` i64
    /// (milliseconds UTC), `amount` i64 (minor units), `quantity` f64, `product` u32 or null,
    /// `discounted` bool, `returned` bool.
    #[must_use]
    pub fn orders(&self) -> LazyFrame {
        todo!()
    }

    /// Lines of one customer's orders, oldest first.
    #[must_use]
    pub fn customer_orders(&self, customer: usize) -> Vec<OrderLine> {
        let _ = customer;
        todo!()
    }

    /// `None` where the shop has no events. Columns: `customer` u32, `at` i64, `kind` str, `query` str or null,
    /// `product` u32 or null.
    #[must_use]
    pub fn events(&self) -> Option<LazyFrame> {
        todo!()
    }

    /// What one customer did, oldest first; empty where the shop has no events.
    #[must_use]
    pub fn customer_events(&self, customer: usize) -> Vec<Event> {
        let _ = customer;
        todo!()
    }
}

/// Customers as columns; `None` is a cell that is missing, or a column that the shop does not have.
#[derive(Clone, Debug)]
pub struct Customers {
    pub(super) frame: DataFrame,
}

impl Customers {
    #[must_use]
    pub fn len(&self) -> usize {
        todo!()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[must_use]
    pub fn id(&self, row: usize) -> &str {
        let _ = row;
        todo!()
    }

    /// A text cell: `first_name`, `last_name`, `email`, `phone`, `language` (BCP 47: `en`, `zh`), `country`,
    /// `time_zone`, `gender`, or the name of an extra column.
    #[must_use]
    pub fn text(&self, row: usize, column: &str) -> Option<&str> {
        let _ = (row, column);
        todo!()
    }

    /// Whether the shop has that column at all.
    #[must_use]
    pub fn has(&self, column: &str) -> bool {
        let _ = column;
        todo!()
    }

    /// Given name and family name in the order of their script ("李 小龙" writes the family name first,
    /// with no space); the id where there is no name.
    #[must_use]
    pub fn display_name(&self, row: usize) -> String {
        let _ = row;
        todo!()
    }

    /// Consent to the channel: `None` where the shop does not say.
    #[must_use]
    pub fn consent(&self, row: usize, channel: Channel) -> Option<bool> {
        let _ = (row, channel);
        todo!()
    }

    #[must_use]
    pub fn created_at(&self, row: usize) -> Option<i64> {
        let _ = row;
        todo!()
    }

    /// The row with this id.
    #[must_use]
    pub fn row_of(&self, id: &str) -> Option<usize> {
        let _ = id;
        todo!()
    }
}

/// Products as columns.
#[derive(Clone, Debug)]
pub struct Products {
    pub(super) frame: DataFrame,
}

impl Products {
    #[must_use]
    pub fn len(&self) -> usize {
        todo!()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[must_use]
    pub fn id(&self, row: usize) -> &str {
        let _ = row;
        todo!()
    }

    #[must_use]
    pub fn name(&self, row: usize) -> Option<&str> {
        let _ = row;
        todo!()
    }

    #[must_use]
    pub fn category(&self, row: usize) -> Option<&str> {
        let _ = row;
        todo!()
    }

    /// Minor units.
    #[must_use]
    pub fn price(&self, row: usize) -> Option<i64> {
        let _ = row;
        todo!()
    }
}
