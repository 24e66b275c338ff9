//! The parts that screens are made of. Each draws from what it is given and keeps nothing.

mod bar;
mod empty;
mod facts;
mod input;
mod list;
mod panel;
mod paragraph;
mod scatter;
mod sparkline;
mod table;

pub use bar::{bar, gauge};
pub use empty::{Sentence, empty, load_state};
pub use facts::{Fact, facts};
pub use input::Input;
pub use list::List;
pub use panel::panel;
pub use paragraph::{Paragraph, Scroll};
pub use scatter::{Dot, scatter};
pub use sparkline::sparkline;
pub use table::{Align, Cell, Column, Table, Width};
