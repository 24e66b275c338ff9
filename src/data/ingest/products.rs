//! Reads products.

use super::super::cell::{is_missing, parse_flag, parse_number};
use super::super::ids::IdMap;
use super::super::input::decode_cell;
use super::super::scan::scan;
use super::super::shop::{ProductRow, ProductsBuilder};
use super::super::{DataError, Products};
use super::aside::{Aside, Reason};
use super::customers::Unreadable;
use super::{Input, Reading, shape_of, style};

/// `None` where there is no table of products.
pub(super) fn read(inputs: &[&Input], reading: &mut Reading<'_>) -> Result<Option<Products>, DataError> {
    let Some(first) = inputs.first() else { return Ok(None) };
    let shape = first.mapping.source("product_id").map(|id| shape_of(&first.sample, id)).unwrap_or_default();
    let mut products = ProductsBuilder::new(IdMap::new(shape));
    for input in inputs {
        let column = |name: &str| input.mapping.source(name);
        let Some(id_column) = column("product_id") else { continue };
        let prices: Vec<usize> = column("price").into_iter().collect();
        let decimal = style::decimal(input, &prices, reading)?;
        let digits = reading.currency_digits;
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
                    let cell = |name: &str| column(name).map_or(&b""[..], |at| rows.cell(row, at));
                    let id = rows.cell(row, id_column);
                    if is_missing(id) {
                        aside.add(Reason::MissingKey, &rows, row, None);
                        continue;
                    }
                    let key = products.ids.key(id);
                    let number = products.len() as u32;
                    if !products.ids.get_or_insert(key, number).1 {
                        aside.add(Reason::DuplicateId, &rows, row, Some(id_column));
                        continue;
                    }
                    let price_cell = cell("price");
                    let price =
                        parse_number(price_cell, decimal).and_then(|price| price.in_minor_units(digits));
                    if price.is_none() && !is_missing(price_cell) {
                        unreadable.add("price", &rows, row, price_cell);
                    }
                    let present = |name: &str| {
                        let cell = cell(name);
                        if is_missing(cell) { "".into() } else { decode_cell(cell) }
                    };
                    let stock = cell("in_stock");
                    // A flag, or a number of pieces.
                    let in_stock = parse_flag(stock)
                        .or_else(|| parse_number(stock, decimal).map(|pieces| pieces.as_f64() > 0.0));
                    products.push(ProductRow {
                        id: &decode_cell(id),
                        name: &present("name"),
                        name_zh: &present("name_zh"),
                        category: &present("category"),
                        category_zh: &present("category_zh"),
                        url: &present("url"),
                        price,
                        in_stock,
                    });
                    kept += 1;
                }
                Ok(())
            },
        )?;
        unreadable.say(reading);
        reading.report(input, kept, aside);
    }
    Ok(Some(products.finish()))
}
