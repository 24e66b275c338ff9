//! The adapters: two narrow matrices beside each chosen matrix of the model (LoRA, Hu et al. 2021).
//!
//! In: the model's sizes and which projections are to learn. Out: variables that candle differentiates, in an order and
//! under names that are PEFT's (Hugging Face). `A` begins by chance and `B` at nothing, so that learning begins at the
//! model as it is.

use candle_core::{Device, Result, Tensor, Var};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::operations::{Dropout, LowRank};
pub use crate::writing::adapter::Projection;
use crate::writing::llama::Shape;

impl Projection {
    /// Columns (what goes in) and rows (what comes out) of the matrix.
    #[must_use]
    pub fn size(self, sizes: &Shape) -> (usize, usize) {
        let (width, hidden) = (sizes.width, sizes.hidden);
        let (queries, keys) = (sizes.heads * sizes.head_width, sizes.kv_heads * sizes.head_width);
        match self {
            Self::Query => (width, queries),
            Self::Key | Self::Value => (width, keys),
            Self::Output => (queries, width),
            Self::Gate | Self::Up => (width, hidden),
            Self::Down => (hidden, width),
        }
    }

    fn full_name(self, layer: usize) -> String {
        format!("base_model.model.model.layers.{layer}.{}", self.path())
    }
}

struct Pair {
    /// `A`, `[rank, in]`, and `B`, `[out, rank]`.
    down: Var,
    up: Var,
}

/// The matrices that learn.
pub struct Adapters {
    scale: f32,
    dropout: f32,
    layers: Vec<[Option<Pair>; 7]>,
}

impl Adapters {
    /// Fresh ones: `A` as `torch.nn.Linear` has it (uniform within `1 / sqrt(in)`), `B` zero.
    ///
    /// # Errors
    /// candle's own.
    pub fn new(
        sizes: &Shape,
        targets: &[Projection],
        (rank, alpha, dropout): (usize, f32, f32),
        seed: u64,
        device: &Device,
    ) -> Result<Self> {
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        let mut layers = Vec::with_capacity(sizes.layers);
        for _ in 0..sizes.layers {
            let mut pairs = [const { None }; 7];
            for (pair, projection) in pairs.iter_mut().zip(Projection::ALL) {
                if targets.contains(&projection) {
                    let (inner, outer) = projection.size(sizes);
                    let bound = 1.0 / (inner as f32).sqrt();
                    let numbers: Vec<f32> = (0..rank * inner)
                        .map(|_| ((chance.next_u32() >> 8) as f32 / (1 << 23) as f32 - 1.0) * bound)
                        .collect();
                    let down = Var::from_vec(numbers, (rank, inner), device)?;
                    let up = Var::from_vec(vec![0.0_f32; outer * rank], (outer, rank), device)?;
                    *pair = Some(Pair { down, up });
                }
            }
            layers.push(pairs);
        }
        Ok(Self { scale: alpha / rank as f32, dropout, layers })
    }

    /// The adapter of a matrix, with what is dropped this time; `None` as the drop's seed drops nothing.
    #[must_use]
    pub fn beside(&self, layer: usize, projection: Projection, drop: Option<u64>) -> Option<LowRank<'_>> {
        let pair = self.layers[layer][projection as usize].as_ref()?;
        let dropout = drop.filter(|_| self.dropout > 0.0).map(|seed| {
            let place = (layer * 7 + projection as usize) as u64;
            Dropout { rate: self.dropout, seed: seed.wrapping_add(place.wrapping_mul(0xD1B5_4A32_D192_ED03)) }
        });
        Some(LowRank { down: &pair.down, up: &pair.up, scale: self.scale, dropout })
    }

    /// Each variable with its name in PEFT's files, always in the same order.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, &Var)> {
        let mut found = Vec::new();
        for (index, layer) in self.layers.iter().enumerate() {
            for (pair, projection) in layer.iter().zip(Projection::ALL) {
                if let Some(Pair { down, up }) = pair {
                    let path = projection.full_name(index);
                    found.push((format!("{path}.lora_A.weight"), down));
                    found.push((format!("{path}.lora_B.weight"), up));
                }
            }
        }
        found
    }

    /// Copies of all numbers, in the order of [`Adapters::variables`].
    ///
    /// # Errors
    /// candle's own.
    pub fn numbers(&self) -> Result<Vec<Vec<f32>>> {
        self.variables().iter().map(|(_, variable)| variable.flatten_all()?.to_vec1()).collect()
    }

    /// Puts numbers in, in the order of [`Adapters::variables`].
    ///
    /// # Errors
    /// A length that differs.
    pub fn set(&self, numbers: &[Vec<f32>]) -> Result<()> {
        for ((_, variable), numbers) in self.variables().iter().zip(numbers) {
            variable.set(&Tensor::from_slice(numbers, variable.shape(), variable.device())?)?;
        }
        Ok(())
    }
}
