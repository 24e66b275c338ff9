//! Rows that are broken on purpose, so that a report has something to find.
//!
//! They stand between good rows, spread over the file. Each breaks one rule and only that one.

use crate::data::Table;

/// A broken row.
pub(super) struct BrokenRow {
    pub(super) table: Table,
    /// The reason under which the data report counts it.
    pub(super) reason: &'static str,
    /// The row; `None` repeats the good row before it.
    pub(super) line: Option<&'static str>,
}

const fn row(table: Table, reason: &'static str, line: &'static str) -> BrokenRow {
    BrokenRow { table, reason, line: Some(line) }
}

const fn again(table: Table) -> BrokenRow {
    BrokenRow { table, reason: "duplicate-id", line: None }
}

use Table::{Customers, Events, Orders};

/// All of them, in the order in which they are written.
#[rustfmt::skip]
pub(super) static BROKEN: [BrokenRow; 42] = [
    row(Orders, "missing-key", "O90000001,,2024-02-11T10:14:09Z,P014,1,89.00,89.00,0.00,,delivered,EUR"),
    row(Customers, "missing-key", ",Robin,Nobody,robin.nobody@example.com,,en,GB,Europe/London,,,2024-03-02T09:00:00Z,true,false,false,organic"),
    row(Orders, "bad-date", "O90000002,C0000001,2024-02-30T10:14:09Z,P014,1,89.00,89.00,0.00,,delivered,EUR"),
    row(Events, "missing-key", ",2024-06-02T19:20:11Z,search,wool rug,"),
    row(Orders, "bad-number", "O90000003,C0000001,2024-03-01T08:30:00Z,P027,1,18.90,18.9O,0.00,,delivered,EUR"),
    again(Customers),
    row(Orders, "negative-amount", "O90000004,C0000001,2024-03-04T12:01:40Z,P050,1,-24.90,-24.90,0.00,,delivered,EUR"),
    row(Events, "bad-date", "C0000001,yesterday,session,,"),
    again(Orders),
    row(Orders, "unknown-customer", "O90000005,X0000001,2024-04-09T15:44:02Z,P063,2,34.90,69.80,0.00,,delivered,EUR"),
    row(Events, "unknown-customer", "X0000001,2024-04-09T15:30:55Z,view,,P063"),
    row(Orders, "future-date", "O90000006,C0000001,2099-01-01T00:00:00Z,P001,1,129.00,129.00,0.00,,paid,EUR"),
    row(Orders, "bad-row", "O90000007,C0000001,2024-05-05T10:00:00Z"),
    row(Customers, "bad-row", "X0000002,Sam"),
    row(Orders, "bad-date", "O90000008,C0000001,soon,P102,1,12.90,12.90,0.00,,delivered,EUR"),
    row(Events, "future-date", "C0000001,2099-05-01T08:00:00Z,session,,"),
    row(Orders, "unknown-customer", "O90000009,X0000003,2024-06-18T21:09:17Z,P080,1,19.90,19.90,0.00,,delivered,EUR"),
    row(Orders, "bad-number", "O90000010,C0000001,2024-07-07T07:07:07Z,P090,1,14.90,fourteen,0.00,,delivered,EUR"),
    again(Orders),
    row(Orders, "missing-key", "O90000011,,2024-08-01T18:00:00Z,P120,1,24.90,24.90,0.00,,delivered,EUR"),
    again(Customers),
    row(Events, "unknown-customer", "X0000003,2024-06-18T20:58:40Z,search,soap dish,"),
    row(Orders, "future-date", "O90000012,C0000001,2205-08-12T11:00:00Z,P003,1,429.00,429.00,0.00,,paid,EUR"),
    row(Orders, "negative-amount", "O90000013,C0000001,2024-09-15T16:20:00Z,P077,1,-59.00,-59.00,0.00,,delivered,EUR"),
    row(Orders, "bad-row", "O90000014,C0000001,2024-09-20T13:00:00Z,P077,1,59.00,59.00,0.00,,delivered,EUR,left over,cells"),
    row(Orders, "unknown-customer", "O90000015,X0000004,2024-10-10T10:10:10Z,P031,1,29.90,29.90,0.00,,delivered,EUR"),
    row(Events, "bad-date", "C0000001,2025-13-01T00:00:00Z,view,,P031"),
    row(Customers, "missing-key", ",文,无名,wu.ming@example.org,,zh,CN,Asia/Shanghai,,,2024-05-05T05:05:05Z,true,true,false,friend"),
    row(Orders, "bad-date", "O90000016,C0000001,00000000,P044,1,69.00,69.00,0.00,,delivered,EUR"),
    row(Orders, "bad-number", "O90000017,C0000001,2024-11-11T11:11:11Z,P066,1,49.00,49.00.00,0.00,,delivered,EUR"),
    again(Orders),
    row(Orders, "missing-key", "O90000018,,2024-12-02T12:00:00Z,P140,3,22.90,68.70,0.00,,delivered,EUR"),
    row(Events, "missing-key", ",2025-01-03T06:20:00Z,session,,"),
    row(Orders, "unknown-customer", "O90000019,X0000005,2025-01-15T09:45:00Z,P111,1,29.90,29.90,0.00,,delivered,EUR"),
    row(Orders, "bad-row", "O90000020"),
    row(Orders, "future-date", "O90000021,C0000001,2099-12-31T23:59:59Z,P005,1,239.00,239.00,0.00,,paid,EUR"),
    again(Customers),
    row(Orders, "negative-amount", "O90000022,C0000001,2025-03-08T14:14:00Z,P018,1,-119.00,-119.00,0.00,,delivered,EUR"),
    row(Events, "future-date", "C0000001,2077-07-07T07:07:07Z,cart,,P018"),
    row(Orders, "bad-date", "O90000023,C0000001,2025-06-31T10:00:00Z,P022,1,15.90,15.90,0.00,,delivered,EUR"),
    row(Customers, "bad-row", "X0000006,Kim,Example,kim@example.net,,en,GB,Europe/London,,,2024-01-01T00:00:00Z,true,true,true,organic,one,too many"),
    row(Events, "bad-row", "C0000001,2025-07-01T10:00:00Z,search,\"desk, oak\",,,,"),
];
