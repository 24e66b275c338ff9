//! The dashboard as a person sees it: keys in, screens out.

pub mod harness;

mod adapters;
mod campaigns;
mod flow;
mod frame;
mod hand;
mod overview;
mod results;
mod reviewing;
mod states;
#[cfg(target_os = "linux")]
mod terminal;
mod voice;
