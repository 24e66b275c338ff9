//! How a file writes dates, numbers and money: decided over whole columns.

use std::collections::BTreeMap;

use iso_currency::Currency;

use super::super::cell::{
    DAY_MS, DateEvidence, DateOrder, Decimal, DecimalEvidence, is_missing, parse_number, parse_when,
};
use super::super::records::Rows;
use super::super::scan::scan;
use super::super::{AmbiguousDate, DataError, NO_CURRENCY, Severity, Table};
use super::{Input, Reading, date_of};
use crate::config::DataConfig;

/// # Errors
/// A setting that has no meaning.
pub(super) fn check_settings(settings: &DataConfig) -> Result<(), DataError> {
    if let Some(order) = &settings.date_order {
        configured(order)?;
    }
    if let Some(currency) = &settings.currency
        && !(currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase()))
    {
        return Err(DataError::Unreadable(format!(
            "perennial.toml, [data] currency: \"{currency}\" is no currency code. Write three capital letters, such as EUR or CNY."
        )));
    }
    Ok(())
}

fn configured(order: &str) -> Result<DateOrder, DataError> {
    match order {
        "day-first" => Ok(DateOrder::DayFirst),
        "month-first" => Ok(DateOrder::MonthFirst),
        _ => Err(DataError::Unreadable(format!(
            "perennial.toml, [data] date-order: \"{order}\" means nothing. Write day-first (01/11 is 1 November) or \
             month-first (01/11 is January 11)."
        ))),
    }
}

/// Looks at the column's cells in the sample, and, while they decide nothing, in the whole file.
fn whole_column<E: Default>(
    input: &Input,
    reading: &Reading<'_>,
    mut add: impl FnMut(&mut E, &Rows),
    open: impl Fn(&E) -> bool,
) -> Result<E, DataError> {
    let mut evidence = E::default();
    add(&mut evidence, &input.sample);
    if open(&evidence) {
        evidence = E::default();
        scan(
            &input.file,
            &input.layout,
            reading.task,
            |rows| rows,
            |rows| {
                add(&mut evidence, &rows);
                Ok(())
            },
        )?;
    }
    Ok(evidence)
}

/// The order of day and month in a column of dates.
pub(super) fn date_order(
    input: &Input,
    column: usize,
    reading: &mut Reading<'_>,
) -> Result<DateOrder, DataError> {
    if let Some(order) = &reading.settings.date_order {
        return configured(order);
    }
    let mut example = None;
    let evidence: DateEvidence = whole_column(
        input,
        reading,
        |evidence: &mut DateEvidence, rows| {
            for row in 0..rows.len() {
                let cell = rows.cell(row, column);
                let before = evidence.either;
                evidence.add(cell);
                if example.is_none() && evidence.either > before {
                    example = both_readings(cell);
                }
            }
        },
        |evidence| evidence.decided().is_none() && evidence.either > 0,
    )?;
    let (file, name) = (&input.file.name, &input.layout.columns[column]);
    if evidence.day_first > 0 && evidence.month_first > 0 {
        let first = if evidence.decided() == Some(DateOrder::MonthFirst) { "month" } else { "day" };
        let message = format!(
            "{file}, column \"{name}\": {} dates can only be read with the day first, and {} only with the month first. \
             They were read with the {first} first, so that some may be wrong and others are set aside.",
            evidence.day_first, evidence.month_first
        );
        let remedy = "Export the column again with one order of day and month, or as 2025-11-01.";
        reading.find(Severity::Warning, "mixed-date-orders", message, remedy);
    } else if evidence.decided().is_none() && evidence.either > 0 {
        reading.ambiguous_date = reading.ambiguous_date.take().or(example);
        let message = format!(
            "{file}, column \"{name}\": nothing in the {} dates says whether the day or the month comes first. They \
             were read with the day first.",
            evidence.either
        );
        reading.find(
            Severity::Warning,
            "ambiguous-date-order",
            message,
            "Write date-order = \"day-first\" or date-order = \"month-first\" under [data] in perennial.toml.",
        );
    }
    Ok(evidence.decided().unwrap_or(DateOrder::DayFirst))
}

fn both_readings(cell: &[u8]) -> Option<AmbiguousDate> {
    let read = |order| parse_when(cell, order).map(|at| date_of(at.div_euclid(DAY_MS)));
    Some(AmbiguousDate {
        written: String::from_utf8_lossy(cell).trim().to_owned(),
        day_first: read(DateOrder::DayFirst)?,
        month_first: read(DateOrder::MonthFirst)?,
    })
}

/// The decimal sign of a file's numbers.
pub(super) fn decimal(
    input: &Input,
    columns: &[usize],
    reading: &mut Reading<'_>,
) -> Result<Decimal, DataError> {
    if columns.is_empty() {
        return Ok(Decimal::Point);
    }
    let evidence: DecimalEvidence = whole_column(
        input,
        reading,
        |evidence: &mut DecimalEvidence, rows| {
            for row in 0..rows.len() {
                for &column in columns {
                    evidence.add(rows.cell(row, column));
                }
            }
        },
        |evidence| evidence.decided().is_none() && evidence.either > 0,
    )?;
    if evidence.decided().is_none() && evidence.either > 0 {
        let message = format!(
            "{}: numbers such as 1.234 or 1,234 may have a decimal sign or a thousands separator, and nothing in {} \
             cells says which. The point was read as the decimal sign, the comma as the separator.",
            input.file.name, evidence.either
        );
        reading.find(
            Severity::Warning,
            "ambiguous-decimal-sign",
            message,
            "Export the amounts with two decimals, such as 1234.00.",
        );
    }
    Ok(evidence.decided().unwrap_or(Decimal::Point))
}

/// The shop's currency: the settings', or what most rows of the samples say, by column or by sign.
pub(super) fn currency<'a>(inputs: impl Iterator<Item = &'a Input>, reading: &mut Reading<'_>) -> String {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for input in inputs {
        let rows = input.sample.len().min(20_000);
        if let Some(column) = input.mapping.source("currency") {
            for row in 0..rows {
                if let Some(code) = code_of(input.sample.cell(row, column)) {
                    *seen.entry(code).or_default() += 1;
                }
            }
        } else {
            let money = if input.mapping.table == Table::Orders {
                ["amount", "unit_price"]
            } else {
                ["price", "price"]
            };
            if let Some(column) = money.iter().find_map(|column| input.mapping.source(column)) {
                for row in 0..rows {
                    let cell = input.sample.cell(row, column);
                    let bare =
                        cell.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'-'));
                    if !bare
                        && let Some(code) = code_of(cell)
                        && is_number(cell)
                    {
                        *seen.entry(code).or_default() += 1;
                    }
                }
            }
        }
    }
    let total: u64 = seen.values().sum();
    let most = seen.iter().max_by_key(|(_, rows)| **rows).map(|(code, _)| code.clone());
    if seen.len() > 1 {
        let mut shares: Vec<(&String, &u64)> = seen.iter().collect();
        shares.sort_by_key(|(_, rows)| std::cmp::Reverse(**rows));
        let shares: Vec<String> = shares
            .iter()
            .map(|(code, rows)| format!("{code} {:.0} %", 100.0 * **rows as f64 / total as f64))
            .collect();
        reading.find(
            Severity::Error,
            "mixed-currencies",
            format!(
                "The amounts are in several currencies ({}) and would be added as if they were one.",
                shares.join(", ")
            ),
            "Convert the amounts to one currency before the export, or keep one folder for each currency.",
        );
    }
    match (reading.settings.currency.clone(), most) {
        (Some(set), _) => set,
        (None, Some(most)) => most,
        (None, None) => {
            reading.find(
                Severity::Info,
                "currency-unknown",
                "Nothing says in which currency the amounts are.",
                "Name it: c on Overview, or currency = \"EUR\" (or another code) under [data] in perennial.toml.",
            );
            NO_CURRENCY.to_owned()
        }
    }
}

/// Whether a cell holds an amount: what was typed in its place says nothing about money.
fn is_number(cell: &[u8]) -> bool {
    [Decimal::Point, Decimal::Comma].into_iter().any(|decimal| parse_number(cell, decimal).is_some())
}

/// The currency code (ISO 4217) that a cell names or shows by a sign.
fn code_of(cell: &[u8]) -> Option<String> {
    if is_missing(cell) {
        return None;
    }
    let text = std::str::from_utf8(cell).ok()?.trim();
    let letters: String = text.chars().filter(char::is_ascii_alphabetic).collect();
    if letters.len() == 3 {
        let code = letters.to_ascii_uppercase();
        let code = if code == "RMB" { "CNY" } else { code.as_str() };
        return Currency::from_code(code).map(|currency| currency.code().to_owned());
    }
    const SIGNS: [(&str, &str); 20] = [
        ("US$", "USD"),
        ("R$", "BRL"),
        ("S$", "SGD"),
        ("zł", "PLN"),
        ("Kč", "CZK"),
        ("₩", "KRW"),
        ("₽", "RUB"),
        ("₺", "TRY"),
        ("฿", "THB"),
        ("₫", "VND"),
        ("HK$", "HKD"),
        ("NT$", "TWD"),
        ("A$", "AUD"),
        ("C$", "CAD"),
        ("€", "EUR"),
        ("£", "GBP"),
        ("¥", "CNY"),
        ("￥", "CNY"),
        ("元", "CNY"),
        ("₹", "INR"),
    ];
    SIGNS
        .iter()
        .find(|(sign, _)| text.contains(sign))
        .map(|(_, code)| (*code).to_owned())
        .or_else(|| text.contains('$').then(|| "USD".to_owned()))
}

/// Whether there is a currency of that code (ISO 4217).
#[must_use]
pub fn is_currency(code: &str) -> bool {
    code != NO_CURRENCY && Currency::from_code(code).is_some()
}

/// Decimal digits of the currency's minor unit (ISO 4217).
pub(super) fn minor_digits(currency: &str) -> u32 {
    Currency::from_code(currency).and_then(Currency::exponent).map_or(2, u32::from)
}
