//! Reads events.

use super::super::cell::{is_missing, parse_when};
use super::super::input::decode_cell;
use super::super::scan::scan;
use super::super::shop::CustomersBuilder;
use super::super::{DataError, Products};
use super::aside::{Aside, Reason};
use super::{Input, Reading, Sink, style};

/// Hands every event of a known customer to the sink.
pub(super) fn read(
    inputs: &[&Input],
    customers: &CustomersBuilder,
    products: Option<&Products>,
    reading: &mut Reading<'_>,
    sink: &mut impl Sink,
) -> Result<(), DataError> {
    for input in inputs {
        let column = |name: &str| input.mapping.source(name);
        let (Some(customer_column), Some(at_column), Some(kind_column)) =
            (column("customer_id"), column("at"), column("kind"))
        else {
            continue;
        };
        let (query_column, product_column) = (column("query"), column("product_id"));
        let order = style::date_order(input, at_column, reading)?;
        let tomorrow = reading.tomorrow;
        let mut span = reading.span;
        let mut aside = Aside::new(&input.file.name);
        let mut kept = 0;
        scan(
            &input.file,
            &input.layout,
            reading.task,
            |rows| rows,
            |rows| {
                aside.add_bad(&rows);
                for row in 0..rows.len() {
                    let id = rows.cell(row, customer_column);
                    let kind = rows.cell(row, kind_column);
                    if is_missing(id) || is_missing(kind) {
                        aside.add(Reason::MissingKey, &rows, row, None);
                        continue;
                    }
                    let Some(at) = parse_when(rows.cell(row, at_column), order) else {
                        aside.add(Reason::BadDate, &rows, row, Some(at_column));
                        continue;
                    };
                    if at >= tomorrow {
                        aside.add(Reason::FutureDate, &rows, row, Some(at_column));
                        continue;
                    }
                    let Some(customer) = customers.ids.get(customers.ids.key(id)) else {
                        aside.add(Reason::UnknownCustomer, &rows, row, Some(customer_column));
                        continue;
                    };
                    let kind = decode_cell(kind);
                    let query = query_column
                        .map(|at| rows.cell(row, at))
                        .filter(|cell| !is_missing(cell))
                        .map(decode_cell);
                    let product = product_column
                        .map(|at| rows.cell(row, at))
                        .filter(|cell| !is_missing(cell))
                        .and_then(|id| products?.row_of(std::str::from_utf8(id).ok()?))
                        .map(|row| row as u32);
                    sink.event(customer, at, usual_kind(&kind), query.as_deref(), product);
                    span.add(at);
                    kept += 1;
                }
                sink.pause()
            },
        )?;
        reading.span = span;
        reading.report(input, kept, aside);
    }
    Ok(())
}

/// `search` and `session` by these names; any other kind as it is.
fn usual_kind(kind: &str) -> &str {
    const SEARCH: [&str; 7] =
        ["search", "searched", "searches", "site_search", "product_search", "view_search_results", "搜索"];
    const SESSION: [&str; 7] = ["session", "sessions", "session_start", "visit", "login", "会话", "访问"];
    let is = |names: &[&str]| names.iter().any(|name| kind.eq_ignore_ascii_case(name));
    if is(&SEARCH) {
        "search"
    } else if is(&SESSION) {
        "session"
    } else {
        kind
    }
}
