//! What opens over a screen.

pub mod ask;
pub mod axes;
pub mod choose;
pub mod confirm;
pub mod curve;
pub mod doubt;
pub mod help;
pub mod mapping;
pub mod palette;
pub mod reading;
pub mod set_aside;
pub mod typed;
