//! Adapters beside the `llama` pass.

use std::collections::TryReserveError;

use super::{Layer, Llama, Shape};
use crate::writing::WritingError;
use crate::writing::adapter::{Adapter, Projection};
use crate::writing::kernels::{LowRank, Matrix, Pair};

/// An adapter's part in a layer.
#[derive(Default)]
pub(super) struct Beside {
    pub query_key_value: Option<LowRank>,
    pub attention_output: Option<LowRank>,
    pub gate_up: Option<LowRank>,
    pub down: Option<LowRank>,
}

impl Beside {
    fn new(adapter: &Adapter, shape: &Shape, index: usize) -> Result<Self, WritingError> {
        let (width, hidden, kv) = (shape.width, shape.hidden, shape.kv_width());
        let pair = |module, size| adapter.pair(index, module, size);
        let room = |_: TryReserveError| adapter.unfit("there is no memory for it: close other programs");
        // Queries and keys stand in the file as they are rotated.
        let query = pair(Projection::Query, [width, width])?.map(|pair| pair.interleaved(shape.heads));
        let key = pair(Projection::Key, [kv, width])?.map(|pair| pair.interleaved(shape.kv_heads));
        let value = pair(Projection::Value, [kv, width])?;
        let low = |columns, parts: &[(usize, Option<&Pair>)]| LowRank::new(columns, parts).map_err(room);
        Ok(Self {
            query_key_value: low(width, &[(width, query.as_ref()), (kv, key.as_ref()), (kv, value)])?,
            attention_output: low(width, &[(width, pair(Projection::Output, [width, width])?)])?,
            gate_up: low(
                width,
                &[
                    (hidden, pair(Projection::Gate, [hidden, width])?),
                    (hidden, pair(Projection::Up, [hidden, width])?),
                ],
            )?,
            down: low(hidden, &[(width, pair(Projection::Down, [width, hidden])?)])?,
        })
    }
}

impl Llama {
    pub(super) fn lay(&mut self, slot: usize, adapter: &Adapter) -> Result<(), WritingError> {
        adapter.check_layers(self.shape.layers)?;
        let layers = (0..self.shape.layers).map(|index| Beside::new(adapter, &self.shape, index));
        let layers = layers.collect::<Result<Vec<_>, _>>()?;
        if slot >= self.adapters.len() {
            self.adapters.resize_with(slot + 1, Vec::new);
        }
        if self.chosen == Some(slot) {
            self.forget();
        }
        self.adapters[slot] = layers;
        Ok(())
    }

    pub(super) fn choose(&mut self, slot: Option<usize>) {
        // What is remembered of the prompt was computed beside another.
        if self.chosen != slot {
            self.chosen = slot;
            self.forget();
        }
    }
}

impl Layer {
    /// The single matrices as groups of one.
    pub(super) fn attention_output(&self) -> &[Matrix] {
        std::slice::from_ref(&self.attention_output)
    }

    pub(super) fn down(&self) -> &[Matrix] {
        std::slice::from_ref(&self.down)
    }
}
