//! All integration tests, in one binary: one link of the library for all of them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of a test fails the test; clippy knows only functions marked as tests"
)]

mod program;

mod adapters;
mod architecture;
mod campaign;
mod channels;
mod claims;
mod cli;
mod config;
mod corpus;
mod data;
mod documents;
mod door;
mod doubt;
mod eval;
mod families;
mod faults;
mod messages;
mod model;
mod own_voice;
mod preview;
mod profiles;
mod replay;
mod results;
mod rules;
mod run;
mod sample;
mod segments;
mod served;
mod strategy;
mod tui;
mod tuning;
mod workspace;
mod writing;
