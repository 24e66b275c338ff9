//! The `llama` pass as one of many.

use rayon::ThreadPool;

use super::Llama;
use crate::jobs::Cancelled;
use crate::writing::WritingError;
use crate::writing::adapter::Adapter;
use crate::writing::forward::{Forward, check_prompt, check_step};
use crate::writing::kernels::{Cache, Processor};

impl Forward for Llama {
    fn vocabulary(&self) -> usize {
        self.shape().vocabulary
    }

    fn context(&self) -> usize {
        self.shape().context
    }

    fn forget(&mut self) {
        Self::forget(self);
    }

    fn run_prompt(
        &mut self,
        prompt: &[u32],
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<Vec<f32>, WritingError> {
        check_prompt(prompt, self.shape.vocabulary, self.shape.context)?;
        Self::run_prompt(self, prompt, go_on).ok_or(WritingError::Cancelled(Cancelled))
    }

    fn run_prompt_in_full(
        &mut self,
        prompt: &[u32],
        each: &mut dyn FnMut(usize, &[f32]) -> bool,
    ) -> Result<bool, WritingError> {
        check_prompt(prompt, self.shape.vocabulary, self.shape.context)?;
        Ok(Self::run_prompt_in_full(self, prompt, each))
    }

    fn open_lanes(&mut self, count: usize) {
        Self::open_lanes(self, count);
    }

    fn step(&mut self, tokens: &[(usize, u32)]) -> Result<Vec<f32>, WritingError> {
        let written = |lane: &Vec<Cache>| lane.first().map_or(0, Cache::length);
        let lengths: Vec<usize> = self.lanes.iter().map(written).collect();
        let Self { shape, prompt, .. } = &*self;
        check_step(tokens, prompt.len(), &lengths, shape.vocabulary, shape.context)?;
        Ok(Self::step(self, tokens))
    }

    fn lay(&mut self, slot: usize, adapter: &Adapter) -> Result<(), WritingError> {
        Self::lay(self, slot, adapter)
    }

    fn choose(&mut self, slot: Option<usize>) {
        Self::choose(self, slot);
    }

    fn pool(&self) -> &ThreadPool {
        &self.pool
    }

    fn processor(&self) -> Processor {
        Self::processor(self)
    }
}
