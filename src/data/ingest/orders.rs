//! Reads orders: typed lines are made of each block on the workers' threads; what depends on the rows before (who
//! the customer is, whether the order was seen) is decided here in the order of the file.

mod state;

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hasher};

use super::super::cell::{DAY_MS, DateOrder, Decimal, Quantity, is_missing, parse_number, parse_when};
use super::super::ids::{IdSet, Key, OrderIds, OrderNumbers, Shape};
use super::super::input::decode_cell;
use super::super::records::Rows;
use super::super::scan::scan;
use super::super::shop::{CustomersBuilder, Knows};
use super::super::{DataError, OrderLine, Products, Severity};
use super::aside::{Aside, Reason};
use super::{Input, Reading, Sink, shape_of, style};
use state::{State, state_of};

/// Lines up to which a line that occurs twice is found.
const LINES_COMPARED: usize = 4_000_000;
/// Share of the sample's rows that must look like further lines of an order for a file to have lines.
const REPEATS: f64 = 0.02;

/// Where the cells of a file are, and how they are written.
struct Format {
    customer: usize,
    at: usize,
    amount: Option<usize>,
    order: Option<usize>,
    product: Option<usize>,
    quantity: Option<usize>,
    unit_price: Option<usize>,
    discount: Option<usize>,
    coupon: Option<usize>,
    status: Option<usize>,
    date_order: DateOrder,
    decimal: Decimal,
    currency_digits: u32,
    /// Discounts are shares (0.1), not amounts.
    discount_is_share: bool,
    /// Several rows may belong to one order.
    per_line: bool,
    customer_shape: Shape,
    order_shape: Shape,
    tomorrow: i64,
}

/// A row that can be read by itself.
#[derive(Clone, Copy)]
struct Row {
    row: u32,
    customer: Key,
    /// Of the order's id, where there is one.
    order: Option<Key>,
    /// Of all cells, where lines are compared.
    content: u64,
    at: i64,
    amount: i64,
    quantity: f32,
    product: Option<u32>,
    discounted: bool,
    state: State,
}

/// A block of rows, read.
struct Readings {
    rows: Rows,
    good: Vec<Row>,
    bad: Vec<(u32, Reason, Option<usize>)>,
    unknown_products: u64,
}

/// What was seen of orders so far, over all files.
#[derive(Default)]
struct Seen {
    orders: IdSet,
    refunds: IdSet,
    lines: HashSet<u64>,
    numbers: OrderNumbers,
    /// Orders without an id, which are numbered from the end of the range.
    without_id: u32,
}

/// Hands every line to the sink. Customers who are not there yet are added if they are to be derived.
pub(super) fn read(
    inputs: &[&Input],
    customers: &mut CustomersBuilder,
    derive: bool,
    products: Option<&Products>,
    reading: &mut Reading<'_>,
    sink: &mut impl Sink,
) -> Result<(Knows, OrderIds), DataError> {
    let mut knows = Knows { orders: !inputs.is_empty(), ..Knows::default() };
    let mut seen = Seen::default();
    let named =
        inputs.iter().find_map(|input| Some(shape_of(&input.sample, input.mapping.source("order_id")?)));
    let order_shape = named.clone().unwrap_or_default();
    let mut no_purchase = HashSet::new();
    for input in inputs {
        let Some(format) = format_of(input, customers.ids.shape.clone(), order_shape.clone(), reading)?
        else {
            continue;
        };
        knows.discounts |= format.discount.is_some() || format.coupon.is_some();
        knows.returns |= format.status.is_some();
        sink.lines_follow(format.per_line);
        let mut aside = Aside::new(&input.file.name);
        let (mut kept, mut cancelled, mut unknown_products) = (0u64, 0u64, 0u64);
        let mut span = reading.span;
        scan(
            &input.file,
            &input.layout,
            reading.task,
            |rows| format.read(rows, products),
            |block| {
                aside.add_bad(&block.rows);
                for &(row, reason, column) in &block.bad {
                    aside.add(reason, &block.rows, row as usize, column);
                    if reason == Reason::FutureDate
                        && let Some(at) = format.when(&block.rows, row as usize)
                    {
                        aside.add_later(at);
                    }
                }
                unknown_products += block.unknown_products;
                for row in &block.good {
                    let customer = if derive {
                        let (customer, new) =
                            customers.ids.get_or_insert(row.customer, customers.len() as u32);
                        if new {
                            customers
                                .push_id(&decode_cell(block.rows.cell(row.row as usize, format.customer)));
                        }
                        customer
                    } else if let Some(customer) = customers.ids.get(row.customer) {
                        customer
                    } else {
                        aside.add(
                            Reason::UnknownCustomer,
                            &block.rows,
                            row.row as usize,
                            Some(format.customer),
                        );
                        continue;
                    };
                    let Some((order, again)) = seen.order(row, format.per_line) else {
                        aside.add(Reason::DuplicateId, &block.rows, row.row as usize, format.order);
                        continue;
                    };
                    kept += 1;
                    if row.state == State::Cancelled {
                        cancelled += 1;
                        no_purchase.extend(row.order.map(|_| order));
                        continue;
                    }
                    span.add(row.at);
                    span.has_time |= row.at % DAY_MS != 0;
                    let mut line = OrderLine {
                        order,
                        at: row.at,
                        amount: row.amount,
                        quantity: f64::from(row.quantity),
                        product: row.product,
                        discounted: row.discounted,
                        returned: false,
                    };
                    if row.state == State::Bought || (row.state == State::BoughtAndReturned && !again) {
                        sink.order_line(customer, &line);
                    }
                    if matches!(row.state, State::Refund | State::BoughtAndReturned) {
                        knows.returns = true;
                        line.returned = true;
                        line.amount = -line.amount.abs();
                        line.quantity = -line.quantity.abs();
                        sink.order_line(customer, &line);
                    }
                }
                sink.pause()
            },
        )?;
        reading.span = span;
        say_what_was_found(input, &aside, kept, cancelled, unknown_products, &seen, reading);
        reading.report(input, kept, aside);
    }
    Ok((knows, OrderIds { shape: named, numbers: seen.numbers, cancelled: no_purchase }))
}

fn say_what_was_found(
    input: &Input,
    aside: &Aside,
    kept: u64,
    cancelled: u64,
    unknown_products: u64,
    seen: &Seen,
    reading: &mut Reading<'_>,
) {
    let file = &input.file.name;
    let rows = |count: u64| if count == 1 { "1 row".to_owned() } else { format!("{count} rows") };
    let unknown = aside.rows(Reason::UnknownCustomer);
    if unknown > kept {
        reading.find(
            Severity::Error,
            "customers-do-not-match",
            format!("{file}: {} name a customer whom the table of customers does not have, and only {kept} name one.", rows(unknown)),
            "Look whether both tables write the customers' ids alike, and whether they are of the same shop.",
        );
    }
    if kept == 0 {
        reading.find(
            Severity::Error,
            "nothing-kept",
            format!("{file}: no row could be used."),
            "Look at the reasons and examples, and correct the mapping or the file.",
        );
    }
    if cancelled > 0 {
        reading.find(
            Severity::Info,
            "cancelled-orders",
            format!(
                "{file}: {} of cancelled, failed or expired orders were read and do not count as purchases.",
                rows(cancelled)
            ),
            "Nothing, if that is what the states mean.",
        );
    }
    if unknown_products > 0 {
        reading.find(
            Severity::Warning,
            "unknown-products",
            format!(
                "{file}: {} name a product that the table of products does not have.",
                rows(unknown_products)
            ),
            "Export the products again, with those that are no longer sold.",
        );
    }
    if input.mapping.source("order_id").is_none() {
        reading.find(
            Severity::Info,
            "no-order-ids",
            format!("{file} has no order ids: each row was taken as one order."),
            "Map order_id in perennial.toml if several rows belong to one order.",
        );
    }
    if seen.lines.len() >= LINES_COMPARED {
        reading.find(
            Severity::Info,
            "repeated-lines-not-sought",
            format!("{file}: lines that occur twice were sought among the first {LINES_COMPARED} only."),
            "Nothing, if the export has no repeated lines.",
        );
    }
}

fn format_of(
    input: &Input,
    customer_shape: Shape,
    order_shape: Shape,
    reading: &mut Reading<'_>,
) -> Result<Option<Format>, DataError> {
    let column = |name: &str| input.mapping.source(name);
    let (Some(customer), Some(at)) = (column("customer_id"), column("ordered_at")) else { return Ok(None) };
    let numbers: Vec<usize> =
        ["amount", "unit_price", "quantity", "discount"].iter().filter_map(|name| column(name)).collect();
    let date_order = style::date_order(input, at, reading)?;
    let decimal = style::decimal(input, &numbers, reading)?;
    let sample = &input.sample;
    let per_line = column("order_id")
        .is_some_and(|order| column("product_id").is_some() || has_lines(sample, order, customer, at));
    let discount_is_share = column("discount").is_some_and(|discount| {
        let shares = || {
            (0..sample.len().min(20_000))
                .filter_map(|row| parse_number(sample.cell(row, discount), decimal))
                .map(Quantity::as_f64)
        };
        shares().all(|share| (0.0..=1.0).contains(&share)) && shares().any(|share| share > 0.0 && share < 1.0)
    });
    Ok(Some(Format {
        customer,
        at,
        amount: column("amount"),
        order: column("order_id"),
        product: column("product_id"),
        quantity: column("quantity"),
        unit_price: column("unit_price"),
        discount: column("discount"),
        coupon: column("coupon_code"),
        status: column("status"),
        date_order,
        decimal,
        currency_digits: reading.currency_digits,
        discount_is_share,
        per_line,
        customer_shape,
        order_shape,
        tomorrow: reading.tomorrow,
    }))
}

/// Whether rows that share an order id look like lines of one order: the same customer and time, but not the
/// same row again. A row that repeats an id by mistake mostly differs in these, or in nothing.
fn has_lines(sample: &Rows, order: usize, customer: usize, at: usize) -> bool {
    let mut first_rows = HashMap::new();
    let rows = sample.len().min(20_000);
    let (mut lines, mut others) = (0usize, 0usize);
    for row in 0..rows {
        let first = *first_rows.entry(sample.cell(row, order)).or_insert(row);
        if first == row {
            continue;
        }
        let same = |column: usize| sample.cell(row, column) == sample.cell(first, column);
        if same(customer) && same(at) && sample.text(row) != sample.text(first) {
            lines += 1;
        } else {
            others += 1;
        }
    }
    lines > others && lines as f64 > REPEATS * rows as f64
}

impl Format {
    fn read(&self, rows: Rows, products: Option<&Products>) -> Readings {
        let mut readings =
            Readings { good: Vec::with_capacity(rows.len()), rows, bad: Vec::new(), unknown_products: 0 };
        for row in 0..readings.rows.len() {
            match self.row(&readings.rows, row) {
                Ok(mut read) => {
                    if let (Some(column), Some(products)) = (self.product, products) {
                        let id = readings.rows.cell(row, column);
                        if !is_missing(id) {
                            read.product = std::str::from_utf8(id)
                                .ok()
                                .and_then(|id| products.row_of(id))
                                .map(|row| row as u32);
                            readings.unknown_products += u64::from(read.product.is_none());
                        }
                    }
                    readings.good.push(read);
                }
                Err((reason, column)) => readings.bad.push((row as u32, reason, column)),
            }
        }
        readings
    }

    /// The moment of a row's order.
    fn when(&self, rows: &Rows, row: usize) -> Option<i64> {
        parse_when(rows.cell(row, self.at), self.date_order)
    }

    /// One row, or why it cannot be used and which column says so.
    fn row(&self, rows: &Rows, row: usize) -> Result<Row, (Reason, Option<usize>)> {
        let customer = rows.cell(row, self.customer);
        if is_missing(customer) {
            return Err((Reason::MissingKey, None));
        }
        let order = self.order.map(|column| rows.cell(row, column));
        if order.is_some_and(is_missing) {
            return Err((Reason::MissingKey, None));
        }
        let at = self.when(rows, row).ok_or((Reason::BadDate, Some(self.at)))?;
        if at >= self.tomorrow {
            return Err((Reason::FutureDate, Some(self.at)));
        }
        let quantity = match self.quantity.map(|column| (column, rows.cell(row, column))) {
            Some((column, cell)) if !is_missing(cell) => {
                Some(parse_number(cell, self.decimal).ok_or((Reason::BadNumber, Some(column)))?.as_f64())
            }
            _ => None,
        };
        let discount = self.discount.map(|column| rows.cell(row, column)).filter(|cell| !is_missing(cell));
        let amount = match self.amount.map(|column| (column, rows.cell(row, column))) {
            Some((column, cell)) if !is_missing(cell) => {
                self.money(cell).ok_or((Reason::BadNumber, Some(column)))?
            }
            other => self
                .computed_amount(rows, row, quantity, discount)
                .ok_or((Reason::BadNumber, other.map(|(column, _)| column).or(self.unit_price)))?,
        };
        let mut state = self.status.map_or(State::Bought, |column| state_of(rows.cell(row, column)));
        if amount < 0 {
            let explained = state != State::Bought || quantity.is_some_and(|quantity| quantity < 0.0);
            if !explained {
                return Err((Reason::NegativeAmount, self.amount.or(self.unit_price)));
            }
            if state != State::Cancelled {
                state = State::Refund;
            }
        } else if quantity.is_some_and(|quantity| quantity < 0.0) && state != State::Cancelled {
            state = State::Refund;
        }
        let coupon = self.coupon.is_some_and(|column| !is_missing(rows.cell(row, column)));
        Ok(Row {
            row: row as u32,
            customer: self.customer_shape.key(customer),
            order: order.map(|order| self.order_shape.key(order)),
            content: if self.per_line { content_of(rows, row, self) } else { 0 },
            at,
            amount,
            quantity: quantity.unwrap_or(1.0) as f32,
            product: None,
            discounted: coupon || discount.is_some_and(|cell| self.is_discount(cell)),
            state,
        })
    }

    fn money(&self, cell: &[u8]) -> Option<i64> {
        parse_number(cell, self.decimal)?.in_minor_units(self.currency_digits)
    }

    /// Quantity times unit price, less the discount.
    fn computed_amount(
        &self,
        rows: &Rows,
        row: usize,
        quantity: Option<f64>,
        discount: Option<&[u8]>,
    ) -> Option<i64> {
        let price = self.money(rows.cell(row, self.unit_price?))?;
        let gross = price as f64 * quantity?;
        let less = match discount {
            Some(cell) => match cell.strip_suffix(b"%") {
                Some(percent) => gross * parse_number(percent.trim_ascii(), self.decimal)?.as_f64() / 100.0,
                None if self.discount_is_share => gross * parse_number(cell, self.decimal)?.as_f64(),
                None => self.money(cell)?.abs() as f64 * gross.signum(),
            },
            None => 0.0,
        };
        let amount = (gross - less).round();
        (amount.abs() < 9.0e15).then_some(amount as i64)
    }

    /// Anything but a number that is zero: a share, an amount, or the discount's name.
    fn is_discount(&self, cell: &[u8]) -> bool {
        let number = cell.strip_suffix(b"%").unwrap_or(cell).trim_ascii();
        parse_number(number, self.decimal).is_none_or(|number| number.as_f64() != 0.0)
    }
}

/// A hash of the cells that make a line what it is.
fn content_of(rows: &Rows, row: usize, format: &Format) -> u64 {
    let mut hasher = DefaultHasher::new();
    let columns = [
        Some(format.customer),
        Some(format.at),
        format.order,
        format.product,
        format.amount,
        format.quantity,
        format.unit_price,
        format.status,
    ];
    for column in columns.into_iter().flatten() {
        hasher.write(rows.cell(row, column));
        hasher.write_u8(0xff);
    }
    hasher.finish()
}

impl Seen {
    /// The number of the row's order and whether the order was seen before; `None` for a row that is there twice.
    fn order(&mut self, row: &Row, per_line: bool) -> Option<(u32, bool)> {
        let Some(key) = row.order else {
            let number = u32::MAX - 1 - self.without_id;
            self.without_id += 1;
            return Some((number, false));
        };
        let number = self.numbers.number(key);
        if per_line {
            if self.lines.len() < LINES_COMPARED && !self.lines.insert(row.content) {
                return None;
            }
            return Some((number, false));
        }
        // A return may bear the number of the order that it returns.
        match row.state {
            State::Refund => self.refunds.insert(key).then_some((number, true)),
            State::BoughtAndReturned => {
                let new = self.orders.insert(key);
                (self.refunds.insert(key) || new).then_some((number, !new))
            }
            State::Bought | State::Cancelled => self.orders.insert(key).then_some((number, false)),
        }
    }
}
