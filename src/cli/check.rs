//! `perennial check`: what the files hold, what was set aside and why, and what to do about it.

use serde::Serialize;

use super::{Context, Exit, SCHEMA};
use crate::tui::numbers::{count, counted};
use crate::data::{self, DataReport, OrderLine, Severity, Sink, TableReport, currency_words};

/// Data report: rows read, kept, set aside and why.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// The JSON document.
#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    #[serde(flatten)]
    report: &'a DataReport,
    currency: &'a str,
    customers: usize,
    /// `None` where no row has a date.
    first_day: Option<String>,
    last_day: Option<String>,
}

/// Reads everything and keeps nothing.
struct Discard;

impl Sink for Discard {
    fn order_line(&mut self, _: u32, _: &OrderLine) {}

    fn event(&mut self, _: u32, _: i64, _: &str, _: Option<&str>, _: Option<u32>) {}
}

/// # Errors
/// The files cannot be read, or the report cannot be printed.
pub fn run(_args: &Args, context: &mut Context<'_>) -> anyhow::Result<Exit> {
    let sources = context.sources()?;
    let settings = &context.config.data;
    let day = data::last_possible_day(settings);
    let read = context.work(|task| data::read(&sources, settings, day, task, &mut Discard))?;
    let stopped = read.report.findings.iter().any(|finding| finding.severity == Severity::Error);
    if context.global.json {
        context.print_json(&Document {
            schema: SCHEMA,
            report: &read.report,
            currency: &read.currency,
            customers: read.customers.len(),
            first_day: read.dated.then(|| read.first_day.to_string()),
            last_day: read.dated.then(|| read.last_day.to_string()),
        })?;
    } else {
        context.print_text(&text(&read))?;
    }
    Ok(if stopped { Exit::StoppedByCheck } else { Exit::Done })
}

/// The report for people.
fn text(read: &data::Read) -> String {
    let report = &read.report;
    let mut out = String::new();
    let widest = |width: &dyn Fn(&TableReport) -> usize| report.tables.iter().map(width).max().unwrap_or(0);
    let table_width = widest(&|table| table.table.name().len());
    let file_width = widest(&|table| table.file.chars().count());
    let number_width = widest(&|table| count(table.rows_read).len()).max(4);
    for table in &report.tables {
        let aside: u64 = table.set_aside.iter().map(|reason| reason.rows).sum();
        out += &format!(
            "{:table_width$}  {:file_width$}  {:>number_width$} rows read  {:>number_width$} kept  {:>number_width$} set aside\n",
            table.table.name(),
            table.file,
            count(table.rows_read),
            count(table.rows_kept),
            count(aside),
        );
        for reason in &table.set_aside {
            let example = reason.examples.first();
            let example =
                example.map_or_else(String::new, |example| format!("line {}: {}", example.line, example.value));
            out += &format!("  {:>number_width$}  {:<16}  {example}\n", count(reason.rows), reason.reason);
        }
        let renamed: Vec<String> = table
            .mapping
            .iter()
            .filter_map(|column| column.source.as_ref().map(|source| (column, source)))
            .filter(|(column, source)| column.column != **source || column.confidence < 1.0)
            .map(|(column, source)| format!("{} from \"{source}\" ({:.0} %)", column.column, 100.0 * column.confidence))
            .collect();
        if !renamed.is_empty() {
            out += &format!("  columns: {}\n", renamed.join(", "));
        }
    }
    let span = if read.dated {
        format!("{} to {}", read.first_day, read.last_day)
    } else {
        "no orders or events".to_owned()
    };
    out += &format!(
        "\n{}, {span}, amounts in {}\n",
        counted(read.customers.len(), "customer"),
        currency_words(&read.currency),
    );
    for finding in &report.findings {
        let severity = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "note",
        };
        out += &format!("\n{severity}: {} [{}]\n  {}\n", finding.message, finding.code, finding.remedy);
    }
    out
}
