//! Lines of orders, by customer.

use polars::prelude::{BooleanChunked, Column, DataFrame, PolarsResult, UInt32Chunked};

use super::by_customer::{Builder, ByCustomer, unreadable};
use super::{DataError, OrderLine, frame};

/// Lines held in memory (40 bytes each) before they go to disk.
const MOST_IN_MEMORY: usize = 4_000_000;

/// Every line of every order.
#[derive(Clone, Debug)]
pub(in crate::data) struct Lines(ByCustomer);

impl Lines {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn each(
        &self,
        visit: &mut dyn FnMut(u32, &OrderLine) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        self.0.each(&mut |frame| Cells::of(frame).map_err(|error| unreadable(&error))?.each(visit))
    }

    /// One customer's, oldest first.
    pub(super) fn of(&self, customer: usize) -> Result<Vec<OrderLine>, DataError> {
        let frame = self.0.of(customer).map_err(|error| unreadable(&error))?;
        let cells = Cells::of(&frame).map_err(|error| unreadable(&error))?;
        Ok((0..frame.height()).map(|row| cells.line(row)).collect())
    }
}

/// The columns of a frame that is of one piece.
struct Cells<'a> {
    customers: &'a [u32],
    orders: &'a [u32],
    times: &'a [i64],
    amounts: &'a [i64],
    quantities: &'a [f64],
    products: &'a UInt32Chunked,
    discounted: &'a BooleanChunked,
    returned: &'a BooleanChunked,
}

impl<'a> Cells<'a> {
    fn of(frame: &'a DataFrame) -> PolarsResult<Self> {
        Ok(Self {
            customers: frame.column("customer")?.u32()?.cont_slice()?,
            orders: frame.column("order")?.u32()?.cont_slice()?,
            times: frame.column("at")?.i64()?.cont_slice()?,
            amounts: frame.column("amount")?.i64()?.cont_slice()?,
            quantities: frame.column("quantity")?.f64()?.cont_slice()?,
            products: frame.column("product")?.u32()?,
            discounted: frame.column("discounted")?.bool()?,
            returned: frame.column("returned")?.bool()?,
        })
    }

    fn line(&self, row: usize) -> OrderLine {
        OrderLine {
            order: self.orders[row],
            at: self.times[row],
            amount: self.amounts[row],
            quantity: self.quantities[row],
            product: self.products.get(row),
            discounted: self.discounted.get(row).unwrap_or(false),
            returned: self.returned.get(row).unwrap_or(false),
        }
    }

    fn each(&self, visit: &mut dyn FnMut(u32, &OrderLine) -> Result<(), DataError>) -> Result<(), DataError> {
        self.customers.iter().enumerate().try_for_each(|(row, &customer)| visit(customer, &self.line(row)))
    }
}

#[derive(Debug, Default)]
struct Columns {
    customer: Vec<u32>,
    order: Vec<u32>,
    at: Vec<i64>,
    amount: Vec<i64>,
    quantity: Vec<f64>,
    product: Vec<Option<u32>>,
    discounted: Vec<bool>,
    returned: Vec<bool>,
}

impl Columns {
    fn frame(self) -> DataFrame {
        frame(vec![
            Column::new("customer".into(), self.customer),
            Column::new("order".into(), self.order),
            Column::new("at".into(), self.at),
            Column::new("amount".into(), self.amount),
            Column::new("quantity".into(), self.quantity),
            Column::new("product".into(), self.product),
            Column::new("discounted".into(), self.discounted),
            Column::new("returned".into(), self.returned),
        ])
    }
}

/// Lines while they are read.
#[derive(Debug)]
pub(in crate::data) struct LinesBuilder {
    columns: Columns,
    aside: Builder,
    most_in_memory: usize,
}

impl Default for LinesBuilder {
    fn default() -> Self {
        Self { columns: Columns::default(), aside: Builder::default(), most_in_memory: MOST_IN_MEMORY }
    }
}

impl LinesBuilder {
    /// Lines held in memory before they go to disk.
    #[cfg(test)]
    pub(in crate::data) fn with_most_in_memory(most_in_memory: usize) -> Self {
        Self { most_in_memory, ..Self::default() }
    }

    pub(in crate::data) fn push(&mut self, customer: u32, line: &OrderLine) {
        let columns = &mut self.columns;
        columns.customer.push(customer);
        columns.order.push(line.order);
        columns.at.push(line.at);
        columns.amount.push(line.amount);
        columns.quantity.push(line.quantity);
        columns.product.push(line.product);
        columns.discounted.push(line.discounted);
        columns.returned.push(line.returned);
    }

    /// To be called between blocks.
    pub(in crate::data) fn relieve(&mut self) -> Result<(), DataError> {
        if self.aside.is_too_much(self.columns.customer.len(), self.most_in_memory) {
            let frame = std::mem::take(&mut self.columns).frame();
            self.aside.put_aside(&frame)?;
        }
        Ok(())
    }

    pub(in crate::data) fn finish(self, customers: usize) -> Result<Lines, DataError> {
        self.aside.finish(&self.columns.frame(), customers).map(Lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_on_disk_are_the_same_lines_and_leave_with_their_shop() {
        let build = |mut builder: LinesBuilder| {
            for (place, customer) in [2u32, 0, 1, 0, 2, 0, 1].into_iter().enumerate() {
                builder.push(
                    customer,
                    &OrderLine {
                        order: place as u32,
                        at: 1000 - place as i64,
                        amount: -5 + place as i64,
                        quantity: 1.5,
                        product: (place % 2 == 0).then_some(7),
                        discounted: place % 3 == 0,
                        returned: place < 2,
                    },
                );
                builder.relieve().unwrap();
            }
            builder.finish(4).unwrap()
        };
        let memory = build(LinesBuilder::default());
        let disk = build(LinesBuilder::with_most_in_memory(2));
        let (folder, files) = disk.0.on_disk().expect("still in memory");
        assert_eq!((memory.len(), disk.len(), files), (7, 7, 4));
        for customer in 0..5 {
            assert_eq!(memory.of(customer).unwrap(), disk.of(customer).unwrap(), "{customer}");
        }
        assert!(memory.of(3).unwrap().is_empty());
        let sum = |lines: &Lines| {
            let mut sum = 0;
            lines
                .each(&mut |customer, line| {
                    sum += line.amount * i64::from(customer + 1);
                    Ok(())
                })
                .unwrap();
            sum
        };
        assert_eq!(sum(&memory), sum(&disk));
        std::fs::write(folder.join("rows-0.parquet"), "lost").unwrap();
        assert!(disk.of(0).unwrap_err().to_string().contains("cannot be"));
        drop(disk);
        assert!(!folder.exists());
    }
}
