//! All integration tests, in one binary: one link of the library for all of them.

mod program;

mod architecture;
mod cli;
mod config;
mod data;
mod documents;
mod profiles;
mod rules;
mod run;
mod sample;
mod segments;
mod strategy;
mod tui;
mod workspace;
