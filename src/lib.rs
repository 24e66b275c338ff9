//! Perennial: from a shop's files to reviewed messages, in the terminal.
//!
//! Each stage of the flow is a module, and each module may use only the ones above it:
//!
//! ```text
//! config, jobs, statistics -> data -> features -> segments -> profiles -> strategy -> writing -> tuning -> review
//!                                                                                                           |
//!                                                            workspace <------------------------------------+
//!                                                                |
//!                                                            own_voice
//!                                                                |
//!                                                            campaign
//!                                                                |
//!                                                          door, results
//!                                                                |
//!                                                            cli, tui
//! ```
//!
//! A stage is plain functions over data. It knows no terminal, starts no thread that outlives the
//! call, and learns that it is to stop through [`jobs::Task`].

/// A million messages are made of many short texts: here, and not in the program, so that tests and benchmarks run on
/// what the program runs on.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub mod config;
pub mod jobs;
pub mod statistics;

pub mod data;
pub mod features;
pub mod segments;

pub mod profiles;
pub mod strategy;
pub mod writing;

pub mod tuning;

pub mod review;

pub mod corpus;
pub mod workspace;

pub mod own_voice;

pub mod campaign;

pub mod door;
pub mod results;

pub mod cli;
pub mod tui;
