//! Campaigns as people run them: planned, approved by two, sent once, whatever happens in between.

mod exactly_once;
mod flow;
mod plans;
mod postfix;
mod project;
mod sink;
mod told;
