//! What customers did besides ordering, by customer.

use polars::prelude::{Column, DataFrame, PolarsResult};

use super::by_customer::{Builder, ByCustomer, unreadable};
use super::{DataError, Event, frame};

/// Events held in memory (some 60 bytes each) before they go to disk.
const MOST_IN_MEMORY: usize = 2_000_000;

/// Every event.
#[derive(Clone, Debug)]
pub(in crate::data) struct Events(ByCustomer);

impl Events {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn each(
        &self,
        visit: &mut dyn FnMut(u32, i64, &str) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        self.0.each(&mut |frame| {
            let cells = || {
                let customers = frame.column("customer")?.u32()?.cont_slice()?;
                let times = frame.column("at")?.i64()?.cont_slice()?;
                PolarsResult::Ok((customers, times, frame.column("kind")?.str()?))
            };
            let (customers, times, kinds) = cells().map_err(|error| unreadable(&error))?;
            customers
                .iter()
                .zip(times)
                .zip(kinds.iter())
                .try_for_each(|((&customer, &at), kind)| visit(customer, at, kind.unwrap_or_default()))
        })
    }

    /// One customer's, oldest first.
    pub(super) fn of(&self, customer: usize) -> Result<Vec<Event>, DataError> {
        let read = || {
            let frame = self.0.of(customer)?;
            let times = frame.column("at")?.i64()?;
            let kinds = frame.column("kind")?.str()?;
            let queries = frame.column("query")?.str()?;
            let products = frame.column("product")?.u32()?;
            let event = |row: usize| Event {
                at: times.get(row).unwrap_or_default(),
                kind: kinds.get(row).unwrap_or_default().to_owned(),
                query: queries.get(row).map(str::to_owned),
                product: products.get(row),
            };
            PolarsResult::Ok((0..frame.height()).map(event).collect())
        };
        read().map_err(|error| unreadable(&error))
    }
}

#[derive(Debug, Default)]
struct Columns {
    customer: Vec<u32>,
    at: Vec<i64>,
    /// Place in the names of kinds.
    kind: Vec<u16>,
    query: Vec<Option<String>>,
    product: Vec<Option<u32>>,
}

impl Columns {
    fn frame(self, kinds: &[String]) -> DataFrame {
        let kind = |place: &u16| kinds.get(usize::from(*place)).map_or("", String::as_str);
        frame(vec![
            Column::new("customer".into(), self.customer),
            Column::new("at".into(), self.at),
            Column::new("kind".into(), self.kind.iter().map(kind).collect::<Vec<&str>>()),
            Column::new("query".into(), self.query),
            Column::new("product".into(), self.product),
        ])
    }
}

/// Events while they are read.
#[derive(Debug)]
pub(in crate::data) struct EventsBuilder {
    columns: Columns,
    kinds: Vec<String>,
    aside: Builder,
    most_in_memory: usize,
}

impl Default for EventsBuilder {
    fn default() -> Self {
        Self {
            columns: Columns::default(),
            kinds: Vec::new(),
            aside: Builder::default(),
            most_in_memory: MOST_IN_MEMORY,
        }
    }
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
        let known = self.kinds.iter().position(|name| name == kind);
        let place = known.unwrap_or_else(|| {
            self.kinds.push(kind.to_owned());
            self.kinds.len() - 1
        });
        let columns = &mut self.columns;
        columns.customer.push(customer);
        columns.at.push(at);
        columns.kind.push(u16::try_from(place).unwrap_or(u16::MAX));
        columns.query.push(query.map(str::to_owned));
        columns.product.push(product);
    }

    /// To be called between blocks.
    pub(in crate::data) fn relieve(&mut self) -> Result<(), DataError> {
        if self.aside.is_too_much(self.columns.customer.len(), self.most_in_memory) {
            let frame = std::mem::take(&mut self.columns).frame(&self.kinds);
            self.aside.put_aside(&frame)?;
        }
        Ok(())
    }

    pub(in crate::data) fn finish(self, customers: usize) -> Result<Events, DataError> {
        self.aside.finish(&self.columns.frame(&self.kinds), customers).map(Events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_on_disk_are_the_same_events() {
        let build = |most_in_memory: usize| {
            let mut builder = EventsBuilder { most_in_memory, ..EventsBuilder::default() };
            for (place, customer) in [2_u32, 0, 1, 0, 2, 0, 1].into_iter().enumerate() {
                let kind = ["search", "session", "view"][place % 3];
                let query = (place % 3 == 0).then_some("tea");
                builder.push(customer, 100 - place as i64, kind, query, (place % 3 == 2).then_some(4));
                builder.relieve().unwrap();
            }
            builder.finish(4).unwrap()
        };
        let (memory, disk) = (build(7_000), build(2));
        assert_eq!((memory.len(), disk.len()), (7, 7));
        assert_eq!(disk.0.on_disk().expect("still in memory").1, 4);
        for customer in 0..5 {
            assert_eq!(memory.of(customer).unwrap(), disk.of(customer).unwrap(), "{customer}");
        }
        let kinds: Vec<String> = disk.of(0).unwrap().into_iter().map(|event| event.kind).collect();
        assert_eq!(kinds, ["view", "search", "session"]);
        let count = |events: &Events| {
            let mut searches = 0;
            events
                .each(&mut |customer, at, kind| {
                    searches += if kind == "search" { at * i64::from(customer + 1) } else { 0 };
                    Ok(())
                })
                .unwrap();
            searches
        };
        assert_eq!(count(&memory), count(&disk));
        assert!(count(&disk) > 0);
    }
}
