//! The arithmetic of the forward pass, for the processor at hand.
//!
//! In: weights as a file has them, activations, keys and values. Out: products, attention, norms. Everything is computed
//! output by output in one fixed order, so that the bits of a result depend neither on the processor, nor on
//! the number of threads, nor on what else stands in the batch: the plain code in each file is the reference, and
//! tests compare the others to it bit by bit.
//!
//! This is the one room of the engine with `unsafe`: vector instructions are called where [`Processor`] has
//! found that they are there, and threads write into one output, each its own rows.

#![expect(clippy::inline_always, reason = "compiled into each of its callers for that caller's instructions")]
#![expect(unsafe_code, reason = "vector instructions, and one output that several threads write")]

mod activations;
mod attention;
mod dense;
mod low_rank;
mod processor;
mod product;
mod share;
mod vector;
mod weights;

pub use activations::Activations;
pub use attention::{Attention, Cache};
pub use dense::{Dense, multiply_dense};
pub use low_rank::{LowRank, Pair};
pub use processor::Processor;
pub use product::{multiply, multiply_all, multiply_into};
pub use share::share_out_pieces;
pub use vector::{Unit, exp, gate, log_sum, norm, unit};
pub use weights::{Matrix, Packing, SUPER_BLOCK, SuperBlock};

/// Values that share a scale.
pub const BLOCK: usize = 32;
/// Rows of a matrix that are computed together, one in each place of a vector.
pub const ROWS: usize = 16;

#[cfg(test)]
mod tests;
