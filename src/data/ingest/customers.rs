//! Reads customers.

use std::collections::BTreeMap;

use super::super::cell::{DateOrder, is_missing, parse_flag, parse_when};
use super::super::ids::IdMap;
use super::super::input::decode_cell;
use super::super::records::{Rows, shorten};
use super::super::scan::scan;
use super::super::shop::{CustomersBuilder, split_name};
use super::super::{Channel, DataError, Severity};
use super::aside::{Aside, Reason};
use super::{Input, Reading, shape_of, style};

/// Cells of optional columns that cannot be read. The row is kept without them, and they are told of.
pub(super) struct Unreadable {
    file: String,
    columns: BTreeMap<&'static str, (u64, u64, String)>,
}

impl Unreadable {
    pub(super) fn new(input: &Input) -> Self {
        Self { file: input.file.name.clone(), columns: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, column: &'static str, rows: &Rows, row: usize, cell: &[u8]) {
        let entry =
            self.columns.entry(column).or_insert_with(|| (0, rows.line(row), shorten(&decode_cell(cell))));
        entry.0 += 1;
    }

    pub(super) fn say(self, reading: &mut Reading<'_>) {
        for (column, (cells, line, value)) in self.columns {
            reading.find(
                Severity::Warning,
                "unreadable-cells",
                format!(
                    "{}: {cells} cells of {column} cannot be read and were taken as missing, the first on line {line}: \"{value}\".",
                    self.file
                ),
                "Correct them in the file; the rest of these rows is used.",
            );
        }
    }
}

const TEXTS: [&str; 9] = [
    "first_name",
    "last_name",
    "full_name",
    "email",
    "phone",
    "country",
    "time_zone",
    "birth_date",
    "gender",
];
const CONSENTS: [(&str, Channel); 3] =
    [("email_consent", Channel::Email), ("sms_consent", Channel::Sms), ("push_consent", Channel::Push)];

/// `None` where there is no table of customers.
pub(super) fn read(
    inputs: &[&Input],
    reading: &mut Reading<'_>,
) -> Result<Option<CustomersBuilder>, DataError> {
    let Some(first) = inputs.first() else { return Ok(None) };
    let shape = first.mapping.source("customer_id").map(|id| shape_of(&first.sample, id)).unwrap_or_default();
    let mut customers = CustomersBuilder::new(IdMap::new(shape));
    for input in inputs {
        let column = |name: &str| input.mapping.source(name);
        let Some(id_column) = column("customer_id") else { continue };
        let created = column("created_at");
        let order = match created {
            Some(created) => style::date_order(input, created, reading)?,
            None => DateOrder::DayFirst,
        };
        let names_apart = column("first_name").is_some() || column("last_name").is_some();
        let texts: Vec<(&str, usize)> = TEXTS
            .into_iter()
            .filter(|name| *name != "full_name" || names_apart)
            .filter_map(|name| column(name).map(|at| (name, at)))
            .chain(input.mapping.extra.iter().map(|&at| (input.layout.columns[at].as_str(), at)))
            .collect();
        let full_name = column("full_name").filter(|_| !names_apart);
        let consents: Vec<(&str, Channel, usize)> = CONSENTS
            .into_iter()
            .filter_map(|(name, channel)| column(name).map(|at| (name, channel, at)))
            .collect();
        let tomorrow = reading.tomorrow;
        let mut aside = Aside::new(&input.file.name);
        let mut unreadable = Unreadable::new(input);
        let mut kept = 0;
        scan(
            &input.file,
            &input.layout,
            reading.task,
            |rows| rows,
            |rows| {
                aside.add_bad(&rows);
                for row in 0..rows.len() {
                    let id = rows.cell(row, id_column);
                    if is_missing(id) {
                        aside.add(Reason::MissingKey, &rows, row, None);
                        continue;
                    }
                    let key = customers.ids.key(id);
                    let number = customers.len() as u32;
                    if customers.ids.get(key).is_some() {
                        aside.add(Reason::DuplicateId, &rows, row, Some(id_column));
                        continue;
                    }
                    let mut created_at = None;
                    if let Some(created) = created {
                        let cell = rows.cell(row, created);
                        created_at = parse_when(cell, order);
                        if created_at.is_some_and(|at| at >= tomorrow) {
                            aside.add(Reason::FutureDate, &rows, row, Some(created));
                            continue;
                        }
                        if created_at.is_none() && !is_missing(cell) {
                            unreadable.add("created_at", &rows, row, cell);
                        }
                    }
                    customers.ids.get_or_insert(key, number);
                    customers.push_id(&decode_cell(id));
                    if created.is_some() {
                        customers.push_created_at(created_at);
                    }
                    let text = |at: usize| {
                        let cell = rows.cell(row, at);
                        if is_missing(cell) { "".into() } else { decode_cell(cell) }
                    };
                    for &(name, at) in &texts {
                        customers.push_text(name, &text(at));
                    }
                    if let Some(at) = full_name {
                        let name = text(at);
                        let (given, family) = split_name(&name);
                        customers.push_text("first_name", given);
                        customers.push_text("last_name", family);
                    }
                    if let Some(at) = column("language") {
                        customers.push_text("language", &language_tag(&text(at)));
                    }
                    for &(name, channel, at) in &consents {
                        let cell = rows.cell(row, at);
                        let consent = parse_flag(cell);
                        if consent.is_none() && !is_missing(cell) {
                            unreadable.add(name, &rows, row, cell);
                        }
                        customers.push_consent(channel, consent);
                    }
                    kept += 1;
                }
                Ok(())
            },
        )?;
        unreadable.say(reading);
        reading.report(input, kept, aside);
    }
    Ok(Some(customers))
}

/// The primary language subtag (BCP 47) of a language's tag or name.
fn language_tag(cell: &str) -> String {
    const NAMES: [(&str, &[&str]); 8] = [
        ("en", &["english", "englisch", "anglais", "英语", "英文"]),
        (
            "zh",
            &[
                "chinese",
                "mandarin",
                "chinesisch",
                "cn",
                "中文",
                "汉语",
                "普通话",
                "简体中文",
                "繁體中文",
                "简体",
                "繁体",
            ],
        ),
        ("de", &["german", "deutsch", "德语"]),
        ("fr", &["french", "français", "francais", "法语"]),
        ("es", &["spanish", "español", "espanol", "西班牙语"]),
        ("it", &["italian", "italiano", "意大利语"]),
        ("ja", &["japanese", "jp", "日本語", "日语"]),
        ("ko", &["korean", "kr", "한국어", "韩语"]),
    ];
    let lower = cell.to_lowercase();
    let primary = lower.split(['-', '_']).next().unwrap_or_default();
    NAMES
        .iter()
        .find(|(_, names)| names.contains(&lower.as_str()) || names.contains(&primary))
        .map_or_else(|| primary.to_owned(), |(tag, _)| (*tag).to_owned())
}
