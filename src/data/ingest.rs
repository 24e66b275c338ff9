//! From files to typed rows: decides what each file is and how it writes things, then reads products, customers,
//! orders and events, in this order, because each refers to the ones before.
//!
//! In: files. Out: customers and products as columns, lines and events handed to a [`Sink`] as they are read (so
//! that ten million orders need not be held), and the report. Every row is kept or counted as set aside.

mod aside;
mod customers;
mod events;
mod orders;
mod products;
mod style;

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::civil::Date;

use super::day::{DAY_MS, date_of, day_number};
use super::ids::{IdMap, OrderIds, Shape};
use super::input::{self, Encoding, File};
use super::primary_language;
use super::recognise::{Candidate, Mapping, Recognised, Words, recognise};
use super::records::{Blocks, Layout, Rows, layout};
use super::shop::{CustomersBuilder, Knows};
use super::{
    AmbiguousDate, Customers, DataError, DataReport, Finding, MappedColumn, OrderLine, Products, Severity,
    Table, TableReport,
};
use crate::config::DataConfig;
use crate::jobs::Task;
use aside::Aside;
pub use style::is_currency;

/// Takes lines and events as they are read.
pub trait Sink {
    /// The shop's products, before any line.
    fn products(&mut self, products: &Products) {
        let _ = products;
    }

    /// Before the lines of a file: whether several of them may belong to one order.
    fn lines_follow(&mut self, share_orders: bool) {
        let _ = share_orders;
    }

    fn order_line(&mut self, customer: u32, line: &OrderLine);

    /// `kind` is `search`, `session`, or as the file has it.
    fn event(&mut self, customer: u32, at: i64, kind: &str, query: Option<&str>, product: Option<u32>);

    /// Between blocks.
    ///
    /// # Errors
    /// What was taken cannot be kept.
    fn pause(&mut self) -> Result<(), DataError> {
        Ok(())
    }
}

/// What was read besides lines and events.
#[derive(Debug)]
pub struct Read {
    pub customers: Customers,
    pub products: Option<Products>,
    pub has_events: bool,
    pub currency: String,
    pub currency_digits: u32,
    /// Whether any row has a date: without one, both days are today.
    pub dated: bool,
    pub first_day: Date,
    pub last_day: Date,
    pub orders_have_time: bool,
    pub knows: Knows,
    pub(super) order_ids: OrderIds,
    pub report: DataReport,
}

/// A file that holds a table.
struct Input {
    file: File,
    layout: Layout,
    mapping: Mapping,
    sample: Rows,
    place: usize,
}

/// What the readers of the tables share.
struct Reading<'a> {
    task: &'a Task<'a>,
    settings: &'a DataConfig,
    /// First millisecond after today.
    tomorrow: i64,
    currency_digits: u32,
    findings: Vec<Finding>,
    ambiguous_date: Option<AmbiguousDate>,
    tables: Vec<(usize, TableReport)>,
    span: Span,
}

/// First and last moment of what was read.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: i64,
    last: i64,
    has_time: bool,
}

impl Span {
    fn add(&mut self, at: i64) {
        self.first = self.first.min(at);
        self.last = self.last.max(at);
    }
}

impl Reading<'_> {
    fn find(
        &mut self,
        severity: Severity,
        code: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.findings.push(Finding { severity, code, message: message.into(), remedy: remedy.into() });
    }

    fn report(&mut self, input: &Input, rows_kept: u64, mut aside: Aside) {
        let later_days = aside.later();
        let set_aside = aside.finish();
        let table = TableReport {
            table: input.mapping.table,
            file: input.file.name.clone(),
            rows_read: rows_kept + set_aside.iter().map(|reason| reason.rows).sum::<u64>(),
            rows_kept,
            set_aside,
            later_days,
            mapping: input
                .mapping
                .columns
                .iter()
                .map(|&(column, source, confidence)| MappedColumn {
                    column: column.to_owned(),
                    source: source.map(|at| input.layout.columns[at].clone()),
                    confidence,
                })
                .chain(input.mapping.extra.iter().map(|&at| MappedColumn {
                    column: input.layout.columns[at].clone(),
                    source: Some(input.layout.columns[at].clone()),
                    confidence: 1.0,
                }))
                .collect(),
        };
        self.tables.push((input.place, table));
    }
}

/// Reads every table in `sources`; `today` is the last day on which something can have happened.
///
/// # Errors
/// Cancelled, a file that cannot be read, no table, or a required column missing.
pub fn read(
    sources: &[PathBuf],
    settings: &DataConfig,
    today: Date,
    task: &Task<'_>,
    sink: &mut impl Sink,
) -> Result<Read, DataError> {
    let words = Words::load()?;
    style::check_settings(settings)?;
    let found = input::find(sources, task)?;
    let tomorrow = (i64::from(day_number(today)) + 1) * DAY_MS;
    let mut reading = Reading {
        task,
        settings,
        tomorrow,
        currency_digits: 2,
        findings: Vec::new(),
        ambiguous_date: None,
        tables: Vec::new(),
        span: Span { first: i64::MAX, last: i64::MIN, has_time: false },
    };
    for (name, why) in found.skipped {
        reading.find(
            Severity::Warning,
            "file-not-read",
            format!("{name} {why}."),
            "Convert it, or take it out of the folder.",
        );
    }
    let inputs = open_tables(&words, found.files, &mut reading)?;
    let of = |table: Table| inputs.iter().filter(move |input| input.mapping.table == table);
    let currency = style::currency(of(Table::Orders).chain(of(Table::Products)), &mut reading);
    reading.currency_digits = style::minor_digits(&currency);

    let products = products::read(&of(Table::Products).collect::<Vec<_>>(), &mut reading)?;
    if let Some(products) = &products {
        sink.products(products);
    }
    let customer_files: Vec<&Input> = of(Table::Customers).collect();
    let order_files: Vec<&Input> = of(Table::Orders).collect();
    let mut customers = customers::read(&customer_files, &mut reading)?;
    let derived = customers.is_none();
    let shape = order_files
        .first()
        .and_then(|input| Some(shape_of(&input.sample, input.mapping.source("customer_id")?)))
        .unwrap_or_default();
    let people = customers.get_or_insert_with(|| CustomersBuilder::new(IdMap::new(shape)));
    let (knows, order_ids) =
        orders::read(&order_files, people, derived, products.as_ref(), &mut reading, sink)?;
    let event_files: Vec<&Input> = of(Table::Events).collect();
    events::read(&event_files, people, products.as_ref(), &mut reading, sink)?;
    say_what_is_missing(&inputs, derived, &mut reading);
    say_what_is_not_used(&inputs, &mut reading);

    let span = reading.span;
    let day = |at: i64| date_of(at.div_euclid(DAY_MS));
    let dated = span.first <= span.last;
    let (first_day, last_day) = if dated { (day(span.first), day(span.last)) } else { (today, today) };
    reading.tables.sort_by_key(|(place, table)| (table.table, *place));
    reading.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let report = DataReport {
        tables: reading.tables.into_iter().map(|(_, table)| table).collect(),
        findings: reading.findings,
        ambiguous_date: reading.ambiguous_date,
    };
    let mut customers = customers.unwrap_or_default();
    customers.assume_language(settings.language.as_deref().map(primary_language));
    let customers = customers.finish();
    Ok(Read {
        customers,
        products,
        has_events: !event_files.is_empty(),
        currency_digits: reading.currency_digits,
        currency,
        dated,
        first_day,
        last_day,
        orders_have_time: span.has_time,
        knows,
        order_ids,
        report,
    })
}

/// The shape that most identifiers of a column probably have.
fn shape_of(sample: &Rows, column: usize) -> Shape {
    (0..sample.len())
        .map(|row| sample.cell(row, column))
        .find(|id| !id.is_empty())
        .map_or_else(Shape::default, Shape::of)
}

fn open_tables(words: &Words, files: Vec<File>, reading: &mut Reading<'_>) -> Result<Vec<Input>, DataError> {
    let mut inputs = Vec::new();
    let mut refused = Vec::new();
    let mut layouts = Vec::with_capacity(files.len());
    for file in files {
        reading.task.check()?;
        layouts.push((layout(&file)?, file));
    }
    let all_columns: BTreeSet<String> =
        layouts.iter().flat_map(|(layout, _)| layout.columns.iter().cloned()).collect();
    for (place, (layout, file)) in layouts.into_iter().enumerate() {
        reading.task.check()?;
        let sample =
            Blocks::open(&file, &layout)?.next()?.map(|block| block.split(&layout)).unwrap_or_default();
        let candidate =
            Candidate { name: &file.name, named: file.named, columns: &layout.columns, sample: &sample };
        match recognise(words, &candidate, &all_columns, reading.settings)? {
            Recognised::Table(mapping) => {
                say_what_was_guessed(&file, &layout, &mapping, reading);
                inputs.push(Input { file, layout, mapping, sample, place });
            }
            Recognised::No(why) => refused.push((file.name, why)),
        }
    }
    if inputs.is_empty() {
        let files: String = refused.iter().map(|(name, why)| format!("\n  {name}: {why}")).collect();
        return Err(DataError::Unreadable(format!(
            "None of the files is a table that this program knows (customers, orders, products, events):{files}\n\
             Say what a file is in perennial.toml: [data.tables] \"file.csv\" = \"orders\"."
        )));
    }
    for (name, why) in refused {
        // Licences and notes lie beside the tables in many folders.
        if name.to_ascii_lowercase().ends_with(".txt") {
            continue;
        }
        reading.find(
            Severity::Warning,
            "table-not-recognised",
            format!("{name} was not read: {why}."),
            format!("Say what it is in perennial.toml: [data.tables] \"{name}\" = \"orders\"; or take it out of the folder."),
        );
    }
    Ok(inputs)
}

fn say_what_was_guessed(file: &File, layout: &Layout, mapping: &Mapping, reading: &mut Reading<'_>) {
    if matches!(file.encoding, Encoding::Gb18030 | Encoding::Windows1252) {
        reading.find(
            Severity::Info,
            "guessed-encoding",
            format!("{} is not UTF-8; it was read as {}.", file.name, file.encoding.name()),
            "Look whether the names are right; if not, export the file as UTF-8.",
        );
    }
    let unsure: Vec<String> = mapping
        .columns
        .iter()
        .filter(|(.., confidence)| *confidence < 0.7)
        .filter_map(|(column, source, _)| source.map(|at| format!("\"{}\" as {column}", layout.columns[at])))
        .collect();
    if !unsure.is_empty() {
        reading.find(
            Severity::Warning,
            "low-confidence-mapping",
            format!("{}: took {}, without being sure.", file.name, unsure.join(", ")),
            format!(
                "Confirm or correct it: m on Overview, or [data.mapping.{}] in perennial.toml.",
                mapping.table.name()
            ),
        );
    }
}

/// Columns that fit nothing are named, since one may be missed.
fn say_what_is_not_used(inputs: &[Input], reading: &mut Reading<'_>) {
    for input in inputs.iter().filter(|input| !input.mapping.extra.is_empty()) {
        let names: Vec<String> =
            input.mapping.extra.iter().map(|&at| format!("\"{}\"", input.layout.columns[at])).collect();
        let (columns, are) = if names.len() == 1 { ("the column", "is") } else { ("the columns", "are") };
        reading.find(
            Severity::Info,
            "columns-not-used",
            format!("{}: {columns} {} {are} not known, and not used.", input.file.name, names.join(", ")),
            "If one is wanted, say what it is: m on Overview, or [data.mapping] in perennial.toml.",
        );
    }
}

fn say_what_is_missing(inputs: &[Input], derived: bool, reading: &mut Reading<'_>) {
    let has = |table: Table| inputs.iter().any(|input| input.mapping.table == table);
    if !has(Table::Orders) {
        reading.find(
            Severity::Error,
            "no-orders",
            "There is no table of orders, so nothing can be said about how customers behave.",
            "Add a file with the columns customer_id, ordered_at and amount.",
        );
    } else if derived {
        reading.find(
            Severity::Info,
            "customers-derived",
            "There is no table of customers: they were taken from the orders.",
            "Add a file of customers to have names, addresses and consent.",
        );
    }
    if has(Table::Customers) {
        let consents = ["email_consent", "sms_consent", "push_consent"];
        let says = |input: &&Input| consents.iter().any(|column| input.mapping.source(column).is_some());
        if !inputs.iter().filter(|input| input.mapping.table == Table::Customers).any(|input| says(&input)) {
            reading.find(
                Severity::Warning,
                "no-consent",
                "The customers have no column of consent, so nobody may be written to.",
                "Add email_consent, sms_consent or push_consent (yes or no) to the file of customers.",
            );
        }
    }
    if has(Table::Orders) && !has(Table::Products) {
        reading.find(
            Severity::Info,
            "no-products",
            "There is no table of products, so categories are not known.",
            "Add a file with product_id, name and category.",
        );
    }
}
