//! The shop in memory: columns, addressed by row.

mod by_customer;
mod customers;
mod events;
mod lines;
mod products;
mod text_column;

use jiff::civil::Date;
use polars::prelude::DataFrame;

pub use customers::Customers;
pub use products::Products;

pub(super) use customers::{CustomersBuilder, split_name};
pub(super) use events::EventsBuilder;
pub(super) use lines::LinesBuilder;
pub(super) use products::{ProductRow, ProductsBuilder};

use super::ids::{Filed, OrderIds};
use super::{Channel, DataError, DataReport};
use events::Events;
use lines::Lines;

/// The currency of amounts where nothing says which it is (ISO 4217).
pub const NO_CURRENCY: &str = "XXX";

/// The code of a currency for a sentence.
#[must_use]
pub fn currency_words(code: &str) -> &str {
    if code == NO_CURRENCY { "an unknown currency" } else { code }
}

/// Everything that was read. A customer is a row number, `0..customers.len()`.
#[derive(Clone, Debug)]
pub struct Shop {
    pub customers: Customers,
    pub products: Option<Products>,
    /// ISO 4217 code of all amounts, which are integer minor units (cents); [`NO_CURRENCY`] where nothing
    /// says which.
    pub currency: String,
    /// Decimal digits of the minor unit: 2 for EUR, 0 for JPY.
    pub currency_digits: u32,
    pub first_day: Date,
    /// Last day on which anything happened: the default reference date.
    pub last_day: Date,
    /// Whether order times carry a time of day.
    pub orders_have_time: bool,
    /// What the files can tell, whatever the rows say.
    pub knows: Knows,
    pub report: DataReport,
    pub(super) order_ids: OrderIds,
    pub(super) orders: Lines,
    pub(super) events: Option<Events>,
}

/// What the shop's files can tell about orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Knows {
    /// There is a table of orders.
    pub orders: bool,
    /// There is a column of discounts or of coupon codes.
    pub discounts: bool,
    /// There is a column of states, or a returned line.
    pub returns: bool,
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderLine {
    /// Number of the order within the shop; lines of one order share it.
    pub order: u32,
    /// Milliseconds since 1970-01-01 UTC.
    pub at: i64,
    /// Minor units, after discount; negative for a return. An order that the files mark as returned, without a row
    /// for the refund, has two lines: what was bought and, negative, what was given back.
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
    /// `search` and `session` by these names, whatever the file calls them; others as the file has them.
    pub kind: String,
    pub query: Option<String>,
    pub product: Option<u32>,
}

impl Shop {
    /// Number of lines of orders.
    #[must_use]
    pub fn order_line_count(&self) -> usize {
        self.orders.len()
    }

    /// What the files have of the order with this id.
    #[must_use]
    pub fn filed(&self, order_id: &str) -> Filed {
        self.order_ids.filed(order_id)
    }

    /// Calls `visit` with the customer and the line, for every line. Lines of one customer come oldest first
    /// while the lines fit in memory.
    ///
    /// # Errors
    /// Lines that were put aside on disk cannot be read back, or `visit` fails.
    pub fn each_order_line(
        &self,
        visit: &mut dyn FnMut(u32, &OrderLine) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        self.orders.each(visit)
    }

    /// Lines of one customer's orders, oldest first.
    ///
    /// # Errors
    /// Lines that were put aside on disk cannot be read back.
    pub fn customer_orders(&self, customer: usize) -> Result<Vec<OrderLine>, DataError> {
        self.orders.of(customer)
    }

    /// Number of events; `None` where the shop has no table of them.
    #[must_use]
    pub fn event_count(&self) -> Option<usize> {
        self.events.as_ref().map(Events::len)
    }

    /// Calls `visit` with the customer, the time (milliseconds UTC) and the kind of every event.
    ///
    /// # Errors
    /// Events that were put aside on disk cannot be read back, or `visit` fails.
    pub fn each_event(
        &self,
        visit: &mut dyn FnMut(u32, i64, &str) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        self.events.as_ref().map_or(Ok(()), |events| events.each(visit))
    }

    /// What one customer did, oldest first; empty where the shop has no events.
    ///
    /// # Errors
    /// Events that were put aside on disk cannot be read back.
    pub fn customer_events(&self, customer: usize) -> Result<Vec<Event>, DataError> {
        self.events.as_ref().map_or(Ok(Vec::new()), |events| events.of(customer))
    }
}

/// A frame of columns that this program made: their lengths agree, so there is no way for this to fail.
fn frame(columns: Vec<polars::prelude::Column>) -> DataFrame {
    DataFrame::new_infer_height(columns).unwrap_or_default()
}
