//! The parts that screens are made of. Each draws from what it is given and keeps nothing.

mod bar;
mod curves;
mod empty;
mod facts;
mod input;
mod lean;
mod list;
mod message;
mod panel;
mod paragraph;
mod rich;
mod scatter;
mod sheet;
mod sparkline;
mod table;

pub use bar::{bar, gauge};
pub use curves::{Curve, curves};
pub use empty::{Sentence, empty, load_state, shop_state};
pub use facts::{Fact, facts};
pub use input::Input;
pub use lean::lean;
pub use list::List;
pub use message::{marked, message, unmarked, with_claims};
pub use panel::panel;
pub use paragraph::{Paragraph, Scroll};
pub use rich::{Rich, Spans};
pub use scatter::{Dot, scatter};
pub use sheet::{Line, Sheet};
pub use sparkline::sparkline;
pub use table::{Align, Cell, Column, Table, Width};
