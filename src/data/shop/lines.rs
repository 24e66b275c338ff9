//! Lines of orders, and events, by customer. Lines that would take too much memory are kept in Parquet files in
//! a temporary folder, which is removed with the last shop that uses it.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use polars::prelude::{
    Column, DataFrame, IntoLazy, LazyFrame, ParquetReader, ParquetWriter, PolarsError, SerReader, UnionArgs,
    col, concat, lit,
};

use super::super::scratch::Scratch;
use super::{DataError, Event, OrderLine, frame};

/// Lines held in memory (40 bytes each) before they go to disk.
const MOST_IN_MEMORY: usize = 4_000_000;
/// Lines of one file on disk.
const LINES_PER_FILE: usize = 1_000_000;

/// Every line of every order.
#[derive(Clone, Debug)]
pub(in crate::data) enum Lines {
    Memory {
        /// Sorted by customer and time.
        frame: DataFrame,
        /// First line of each customer, and the number of lines at the end.
        starts: Arc<[u32]>,
    },
    Disk(Arc<Spill>),
}

/// Lines on disk.
#[derive(Debug)]
pub(in crate::data) struct Spill {
    folder: Scratch,
    files: Vec<PathBuf>,
    lines: usize,
}

impl Lines {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Memory { frame, .. } => frame.height(),
            Self::Disk(spill) => spill.lines,
        }
    }

    pub(super) fn lazy(&self) -> LazyFrame {
        match self {
            Self::Memory { frame, .. } => frame.clone().lazy(),
            Self::Disk(spill) => {
                let scans: Result<Vec<LazyFrame>, PolarsError> = spill
                    .files
                    .iter()
                    .map(|file| {
                        LazyFrame::scan_parquet(
                            file.to_string_lossy().as_ref().into(),
                            polars::prelude::ScanArgsParquet::default(),
                        )
                    })
                    .collect();
                scans
                    .and_then(|scans| concat(scans, UnionArgs::default()))
                    .unwrap_or_else(|_| Columns::default().frame().lazy())
            }
        }
    }

    pub(super) fn each(
        &self,
        visit: &mut dyn FnMut(u32, &OrderLine) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        match self {
            Self::Memory { frame, .. } => visit_frame(frame, 0..frame.height(), visit),
            Self::Disk(spill) => {
                for file in &spill.files {
                    let frame = fs::File::open(file)
                        .map_err(|error| error.to_string())
                        .and_then(|file| ParquetReader::new(file).finish().map_err(|error| error.to_string()))
                        .map_err(|error| spill_error(spill.folder.path(), &error))?;
                    visit_frame(&frame, 0..frame.height(), visit)?;
                }
                Ok(())
            }
        }
    }

    pub(super) fn of(&self, customer: usize) -> Vec<OrderLine> {
        let mut lines = Vec::new();
        let mut keep = |_: u32, line: &OrderLine| {
            lines.push(line.clone());
            Ok(())
        };
        match self {
            Self::Memory { frame, starts } => {
                if let (Some(&start), Some(&end)) = (starts.get(customer), starts.get(customer + 1)) {
                    let _ = visit_frame(frame, start as usize..end as usize, &mut keep);
                }
            }
            Self::Disk(_) => {
                let found = self.lazy().filter(col("customer").eq(lit(customer as u32))).collect();
                if let Ok(frame) = found {
                    let _ = visit_frame(&frame, 0..frame.height(), &mut keep);
                }
                lines.sort_by_key(|line| line.at);
            }
        }
        lines
    }
}

fn visit_frame(
    frame: &DataFrame,
    rows: std::ops::Range<usize>,
    visit: &mut dyn FnMut(u32, &OrderLine) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let unreadable =
        |error: PolarsError| DataError::Unreadable(format!("The lines of orders cannot be read: {error}."));
    let frame = if frame.first_col_n_chunks() > 1 {
        let mut frame = frame.clone();
        frame.rechunk_mut_par();
        frame
    } else {
        frame.clone()
    };
    let column = |name: &str| frame.column(name).map_err(unreadable);
    let customers = column("customer")?.u32().and_then(|cells| cells.cont_slice()).map_err(unreadable)?;
    let orders = column("order")?.u32().and_then(|cells| cells.cont_slice()).map_err(unreadable)?;
    let times = column("at")?.i64().and_then(|cells| cells.cont_slice()).map_err(unreadable)?;
    let amounts = column("amount")?.i64().and_then(|cells| cells.cont_slice()).map_err(unreadable)?;
    let quantities = column("quantity")?.f64().and_then(|cells| cells.cont_slice()).map_err(unreadable)?;
    let products = column("product")?.u32().map_err(unreadable)?;
    let discounted = column("discounted")?.bool().map_err(unreadable)?;
    let returned = column("returned")?.bool().map_err(unreadable)?;
    for row in rows {
        let line = OrderLine {
            order: orders[row],
            at: times[row],
            amount: amounts[row],
            quantity: quantities[row],
            product: products.get(row),
            discounted: discounted.get(row).unwrap_or(false),
            returned: returned.get(row).unwrap_or(false),
        };
        visit(customers[row], &line)?;
    }
    Ok(())
}

fn spill_error(folder: &std::path::Path, why: &str) -> DataError {
    DataError::Unreadable(format!(
        "The orders do not fit in memory, and {} cannot hold them: {why}. Free some disk space, or set TMPDIR to a \
         folder with more.",
        folder.display()
    ))
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
    fn push(&mut self, customer: u32, line: &OrderLine) {
        self.customer.push(customer);
        self.order.push(line.order);
        self.at.push(line.at);
        self.amount.push(line.amount);
        self.quantity.push(line.quantity);
        self.product.push(line.product);
        self.discounted.push(line.discounted);
        self.returned.push(line.returned);
    }

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

    fn sorted(self, customers: usize) -> Lines {
        let (starts, order) = by_customer_and_time(&self.customer, &self.at, customers);
        fn gather<T: Copy>(cells: &[T], order: &[u32]) -> Vec<T> {
            order.iter().map(|&row| cells[row as usize]).collect()
        }
        let sorted = Self {
            customer: gather(&self.customer, &order),
            order: gather(&self.order, &order),
            at: gather(&self.at, &order),
            amount: gather(&self.amount, &order),
            quantity: gather(&self.quantity, &order),
            product: gather(&self.product, &order),
            discounted: gather(&self.discounted, &order),
            returned: gather(&self.returned, &order),
        };
        Lines::Memory { frame: sorted.frame(), starts }
    }
}

/// First row of each customer in a stable order by customer and time, and that order.
fn by_customer_and_time(customer: &[u32], at: &[i64], customers: usize) -> (Arc<[u32]>, Vec<u32>) {
    let mut starts = vec![0u32; customers + 1];
    for &row in customer {
        starts[row as usize + 1] += 1;
    }
    for row in 0..customers {
        starts[row + 1] += starts[row];
    }
    let mut next = starts.clone();
    let mut order = vec![0u32; customer.len()];
    for (row, &customer) in customer.iter().enumerate() {
        let place = &mut next[customer as usize];
        order[*place as usize] = row as u32;
        *place += 1;
    }
    for range in starts.windows(2) {
        order[range[0] as usize..range[1] as usize].sort_by_key(|&row| at[row as usize]);
    }
    (starts.into(), order)
}

/// Lines while they are read.
#[derive(Debug, Default)]
pub(in crate::data) struct LinesBuilder {
    columns: Columns,
    spill: Option<Spill>,
    most_in_memory: Option<usize>,
}

impl LinesBuilder {
    /// Lines held in memory before they go to disk.
    #[cfg(test)]
    pub(in crate::data) fn with_most_in_memory(most: usize) -> Self {
        Self { most_in_memory: Some(most), ..Self::default() }
    }

    pub(in crate::data) fn push(&mut self, customer: u32, line: &OrderLine) {
        self.columns.push(customer, line);
    }

    /// To be called between blocks.
    pub(in crate::data) fn relieve(&mut self) -> Result<(), DataError> {
        let most = self.most_in_memory.unwrap_or(MOST_IN_MEMORY);
        let limit = if self.spill.is_some() { LINES_PER_FILE.min(most) } else { most };
        if self.columns.customer.len() >= limit { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), DataError> {
        let spill = match &mut self.spill {
            Some(spill) => spill,
            none => {
                let folder = Scratch::create()
                    .map_err(|error| spill_error(&std::env::temp_dir(), &error.to_string()))?;
                none.insert(Spill { folder, files: Vec::new(), lines: 0 })
            }
        };
        let lines = self.columns.customer.len();
        let mut frame = std::mem::take(&mut self.columns).frame();
        let path = spill.folder.path().join(format!("lines-{}.parquet", spill.files.len()));
        fs::File::create(&path)
            .map_err(|error| error.to_string())
            .and_then(|file| ParquetWriter::new(file).finish(&mut frame).map_err(|error| error.to_string()))
            .map_err(|error| spill_error(spill.folder.path(), &error))?;
        spill.files.push(path);
        spill.lines += lines;
        Ok(())
    }

    pub(in crate::data) fn finish(mut self, customers: usize) -> Result<Lines, DataError> {
        if self.spill.is_some() && !self.columns.customer.is_empty() {
            self.write()?;
        }
        Ok(match self.spill {
            Some(spill) => Lines::Disk(Arc::new(spill)),
            None => self.columns.sorted(customers),
        })
    }
}

/// Every event.
#[derive(Clone, Debug)]
pub(in crate::data) struct Events {
    /// Sorted by customer and time.
    pub(super) frame: DataFrame,
    starts: Arc<[u32]>,
    /// Number of the kind of each event, as in `frame`.
    kinds: Arc<[u16]>,
    kind_names: Arc<[String]>,
}

/// Events while they are read.
#[derive(Debug, Default)]
pub(in crate::data) struct EventsBuilder {
    customer: Vec<u32>,
    at: Vec<i64>,
    kind: Vec<u16>,
    kind_names: Vec<String>,
    query: Vec<Option<String>>,
    product: Vec<Option<u32>>,
}

impl EventsBuilder {
    pub(in crate::data) fn push(
        &mut self,
        customer: u32,
        at: i64,
        kind: &str,
        query: Option<&str>,
        product: Option<u32>,
    ) {
        let known = self.kind_names.iter().position(|name| name == kind);
        let number = known.unwrap_or_else(|| {
            self.kind_names.push(kind.to_owned());
            self.kind_names.len() - 1
        });
        self.customer.push(customer);
        self.at.push(at);
        self.kind.push(u16::try_from(number).unwrap_or(u16::MAX));
        self.query.push(query.map(str::to_owned));
        self.product.push(product);
    }

    pub(in crate::data) fn finish(mut self, customers: usize) -> Events {
        let (starts, order) = by_customer_and_time(&self.customer, &self.at, customers);
        let rows = || order.iter().map(|&row| row as usize);
        let kinds: Arc<[u16]> = rows().map(|row| self.kind[row]).collect();
        let names = &self.kind_names;
        let name = |kind: u16| names.get(usize::from(kind)).map_or("", String::as_str);
        let queries: Vec<Option<String>> = rows().map(|row| self.query[row].take()).collect();
        let frame = frame(vec![
            Column::new("customer".into(), rows().map(|row| self.customer[row]).collect::<Vec<u32>>()),
            Column::new("at".into(), rows().map(|row| self.at[row]).collect::<Vec<i64>>()),
            Column::new("kind".into(), kinds.iter().map(|&kind| name(kind)).collect::<Vec<&str>>()),
            Column::new("query".into(), queries),
            Column::new("product".into(), rows().map(|row| self.product[row]).collect::<Vec<Option<u32>>>()),
        ]);
        Events { frame, starts, kinds, kind_names: self.kind_names.into() }
    }
}

impl Events {
    pub(super) fn each(&self, visit: &mut dyn FnMut(u32, i64, &str)) {
        let cells = || {
            let customers = self.frame.column("customer")?.u32()?.cont_slice()?;
            let times = self.frame.column("at")?.i64()?.cont_slice()?;
            Ok::<_, PolarsError>((customers, times))
        };
        if let Ok((customers, times)) = cells() {
            for ((&customer, &at), &kind) in customers.iter().zip(times).zip(self.kinds.iter()) {
                visit(customer, at, self.kind_names.get(usize::from(kind)).map_or("", String::as_str));
            }
        }
    }

    pub(super) fn of(&self, customer: usize) -> Vec<Event> {
        let (Some(&start), Some(&end)) = (self.starts.get(customer), self.starts.get(customer + 1)) else {
            return Vec::new();
        };
        let cells = || {
            let times = self.frame.column("at")?.i64()?;
            let queries = self.frame.column("query")?.str()?;
            let products = self.frame.column("product")?.u32()?;
            Ok::<_, PolarsError>(
                (start as usize..end as usize)
                    .map(|row| Event {
                        at: times.get(row).unwrap_or_default(),
                        kind: self.kind_names.get(usize::from(self.kinds[row])).cloned().unwrap_or_default(),
                        query: queries.get(row).map(str::to_owned),
                        product: products.get(row),
                    })
                    .collect(),
            )
        };
        cells().unwrap_or_default()
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
        let Lines::Disk(spill) = &disk else { panic!("still in memory") };
        let folder = spill.folder.path().to_owned();
        assert_eq!((memory.len(), disk.len(), spill.files.len()), (7, 7, 4));
        for customer in 0..5 {
            assert_eq!(memory.of(customer), disk.of(customer), "{customer}");
        }
        assert!(memory.of(3).is_empty());
        let sum = |lines: &Lines| {
            let mut sum = 0;
            lines
                .each(&mut |customer, line| {
                    sum += line.amount * i64::from(customer + 1);
                    Ok(())
                })
                .unwrap();
            (sum, lines.lazy().collect().unwrap().height())
        };
        assert_eq!(sum(&memory), sum(&disk));
        drop(disk);
        assert!(!folder.exists());
    }
}
