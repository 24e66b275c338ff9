//! Causal attention with rotary positions, several texts at once and grouped heads.
//!
//! In: queries `[tokens, heads * head_width]`, keys and values `[tokens, kv_heads * head_width]` of texts that lie one behind
//! the other, not yet turned. Out: `[tokens, heads * head_width]`. No text sees another, so none is filled up to the length
//! of the longest. Nothing of the probabilities is kept: they are computed once more on the way back (Dao et al. 2022).

use std::sync::Arc;

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::product::{Left, add_product, turned};
use super::{exponential, lend, numbers, plain};

/// Rows whose probabilities are computed together.
const BLOCK: usize = 8;

/// Where the texts lie, and how heads are cut and turned.
#[derive(Clone, Debug)]
pub struct Places {
    /// First row and number of rows of each text, one behind the other.
    pub texts: Arc<[(usize, usize)]>,
    pub heads: usize,
    pub kv_heads: usize,
    pub head_width: usize,
    /// Cosine and sine, `[position, head_width / 2]`: the halves of a head are turned together.
    pub rotations: Arc<Vec<(f32, f32)>>,
}

impl Places {
    fn turns(&self, position: usize) -> &[(f32, f32)] {
        let half = self.head_width / 2;
        &self.rotations[position * half..][..half]
    }

    /// Turns the rows of one head by their positions, or back.
    fn turn(&self, rows: &mut [f32], back: bool) {
        for (position, row) in rows.chunks_exact_mut(self.head_width).enumerate() {
            let (low, high) = row.split_at_mut(self.head_width / 2);
            for ((low, high), (cos, sin)) in low.iter_mut().zip(high).zip(self.turns(position)) {
                let sin = if back { -sin } else { *sin };
                (*low, *high) = (*low * cos - *high * sin, *high * cos + *low * sin);
            }
        }
    }

    /// Every text with every key head, and what of each `work` makes.
    fn each<T: Send>(&self, work: impl Fn(usize, usize, usize) -> T + Sync) -> Vec<T> {
        let count = self.texts.len() * self.kv_heads;
        let work = |index: usize| {
            let (start, length) = self.texts[index / self.kv_heads];
            work(start, length, index % self.kv_heads)
        };
        (0..count).into_par_iter().map(work).collect()
    }

    /// Puts what was made for each text and key head, `[heads of it, rows, head_width]`, in its place.
    fn assemble(&self, made: &[&[f32]], heads: usize, tokens: usize) -> Vec<f32> {
        let (width, own) = (heads * self.head_width, heads / self.kv_heads);
        let mut out = vec![0.0; tokens * width];
        for (index, made) in made.iter().enumerate() {
            let (start, length) = self.texts[index / self.kv_heads];
            for (number, head) in made.chunks_exact((length * self.head_width).max(1)).enumerate() {
                let column = (index % self.kv_heads * own + number) * self.head_width;
                for (row, numbers) in head.chunks_exact(self.head_width).enumerate() {
                    out[(start + row) * width + column..][..self.head_width].copy_from_slice(numbers);
                }
            }
        }
        out
    }
}

/// One head of one text, `[rows, head_width]`.
fn head(
    x: &[f32],
    width: usize,
    (start, length): (usize, usize),
    column: usize,
    head_width: usize,
) -> Vec<f32> {
    let rows = x[start * width..(start + length) * width].chunks_exact(width);
    rows.flat_map(|row| &row[column..column + head_width]).copied().collect()
}

struct Attention(Places);

/// What each row gathers from the rows of its text up to itself.
///
/// # Errors
/// Shapes that do not fit each other.
pub fn attention(query: &Tensor, key: &Tensor, value: &Tensor, places: &Places) -> Result<Tensor> {
    if !query.device().is_cpu() {
        return plain::attention(query, key, value, places);
    }
    query.apply_op3(key, value, Attention(places.clone()))
}

impl Attention {
    /// Probabilities `[length, length]` of one head, zero above the diagonal; `query` has been scaled.
    fn probabilities(&self, query: &[f32], keys_turned: &[f32], length: usize, out: &mut Vec<f32>) {
        let width = self.0.head_width;
        out.clear();
        out.resize(length * length, 0.0);
        for first in (0..length).step_by(BLOCK) {
            let rows = BLOCK.min(length - first);
            let seen = first + rows;
            let block = &mut out[first * length..seen * length];
            let query = Left::new(&query[first * width..seen * width], width);
            add_product((rows, seen, width), query, (keys_turned, length), (block, length));
            for (number, row) in block.chunks_exact_mut(length).enumerate() {
                let (seen, hidden) = row.split_at_mut(first + number + 1);
                hidden.fill(0.0);
                let most = seen.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let mut sum = 0.0;
                for score in seen.iter_mut() {
                    *score = exponential(*score - most);
                    sum += *score;
                }
                for share in seen.iter_mut() {
                    *share /= sum;
                }
            }
        }
    }

    /// The queries of one head, turned and scaled.
    fn query(&self, q: &[f32], place: (usize, usize), number: usize) -> Vec<f32> {
        let width = self.0.head_width;
        let mut query = head(q, self.0.heads * width, place, number * width, width);
        self.0.turn(&mut query, false);
        let scale = self.scale();
        for number in &mut query {
            *number *= scale;
        }
        query
    }

    fn scale(&self) -> f32 {
        (self.0.head_width as f32).sqrt().recip()
    }

    /// Keys, turned, and values of one head of keys.
    fn key_value(&self, k: &[f32], v: &[f32], place: (usize, usize), number: usize) -> (Vec<f32>, Vec<f32>) {
        let width = self.0.head_width;
        let cut = |x| head(x, self.0.kv_heads * width, place, number * width, width);
        let mut key = cut(k);
        self.0.turn(&mut key, false);
        (key, cut(v))
    }

    /// What one text and one head of keys gather: `[heads of it, rows, head_width]`.
    fn gather(&self, (q, k, v): (&[f32], &[f32], &[f32]), place: (usize, usize), number: usize) -> Vec<f32> {
        let (width, length) = (self.0.head_width, place.1);
        let own = self.0.heads / self.0.kv_heads;
        let (key, value) = self.key_value(k, v, place, number);
        let keys_turned = turned(&key, width, 1.0);
        let mut out = vec![0.0; own * length * width];
        let mut shares = Vec::new();
        for (head, out) in out.chunks_exact_mut((length * width).max(1)).enumerate() {
            let query = self.query(q, place, number * own + head);
            self.probabilities(&query, &keys_turned, length, &mut shares);
            for first in (0..length).step_by(BLOCK) {
                let seen = (first + BLOCK).min(length);
                let shares = Left::new(&shares[first * length..seen * length], length);
                let out = &mut out[first * width..seen * width];
                add_product((seen - first, width, seen), shares, (&value, width), (out, width));
            }
        }
        out
    }

    /// The gradients of queries, `[heads of it, rows, head_width]`, keys and values, `[rows, head_width]`.
    fn back(
        &self,
        (q, k, v): (&[f32], &[f32], &[f32]),
        gradient: &[f32],
        place: (usize, usize),
        number: usize,
    ) -> [Vec<f32>; 3] {
        let (width, length) = (self.0.head_width, place.1);
        let own = self.0.heads / self.0.kv_heads;
        let (key, value) = self.key_value(k, v, place, number);
        let (keys_turned, values_turned) = (turned(&key, width, 1.0), turned(&value, width, 1.0));
        let mut to_query = vec![0.0; own * length * width];
        let (mut to_key, mut to_value) = (vec![0.0; length * width], vec![0.0; length * width]);
        let (mut shares, mut sent) = (Vec::new(), Vec::new());
        for (index, to_query) in to_query.chunks_exact_mut((length * width).max(1)).enumerate() {
            let query = self.query(q, place, number * own + index);
            let column = (number * own + index) * width;
            let gradient = head(gradient, self.0.heads * width, place, column, width);
            self.probabilities(&query, &keys_turned, length, &mut shares);
            sent.clear();
            sent.resize(length * length, 0.0);
            for first in (0..length).step_by(BLOCK) {
                let seen = (first + BLOCK).min(length);
                let (rows, block) = (seen - first, first * length..seen * length);
                let sent = &mut sent[block.clone()];
                let gradient = Left::new(&gradient[first * width..seen * width], width);
                add_product((rows, seen, width), gradient, (&values_turned, length), (sent, length));
                for (sent, shares) in sent.chunks_exact_mut(length).zip(shares[block].chunks_exact(length)) {
                    let along: f32 = sent.iter().zip(shares).map(|(sent, share)| sent * share).sum();
                    sent.iter_mut().zip(shares).for_each(|(sent, share)| *sent = share * (*sent - along));
                }
                let to_query = &mut to_query[first * width..seen * width];
                add_product((rows, width, seen), Left::new(sent, length), (&key, width), (to_query, width));
            }
            let scale = self.scale();
            for number in to_query.iter_mut() {
                *number *= scale;
            }
            self.0.turn(to_query, true);
            for first in (0..length).step_by(BLOCK) {
                let last = (first + BLOCK).min(length);
                let size = (last - first, width, length - first);
                let at = first * length + first;
                let rows = first * width..last * width;
                let left = Left::turned(&sent[at..], length);
                add_product(size, left, (&query[first * width..], width), (&mut to_key[rows.clone()], width));
                let left = Left::turned(&shares[at..], length);
                add_product(size, left, (&gradient[first * width..], width), (&mut to_value[rows], width));
            }
        }
        self.0.turn(&mut to_key, true);
        [to_query, to_key, to_value]
    }
}

impl CustomOp3 for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(
        &self,
        query: &CpuStorage,
        layout: &Layout,
        key: &CpuStorage,
        key_layout: &Layout,
        value: &CpuStorage,
        value_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let all = (numbers(query, layout)?, numbers(key, key_layout)?, numbers(value, value_layout)?);
        let made = self.0.each(|start, length, number| self.gather(all, (start, length), number));
        let made: Vec<&[f32]> = made.iter().map(Vec::as_slice).collect();
        let out = self.0.assemble(&made, self.0.heads, layout.shape().dims2()?.0);
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    fn bwd(
        &self,
        query: &Tensor,
        key: &Tensor,
        value: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let made = lend(query, |q| {
            lend(key, |k| {
                lend(value, |v| {
                    lend(&gradient, |gradient| {
                        let back =
                            |start, length, number| self.back((q, k, v), gradient, (start, length), number);
                        Ok(self.0.each(back))
                    })
                })
            })
        })?;
        let part = |which: usize, heads: usize, like: &Tensor| {
            let made: Vec<&[f32]> = made.iter().map(|made| made[which].as_slice()).collect();
            let out = self.0.assemble(&made, heads, like.dims2()?.0);
            Tensor::from_vec(out, like.shape(), like.device()).map(Some)
        };
        Ok((part(0, self.0.heads, query)?, part(1, self.0.kv_heads, key)?, part(2, self.0.kv_heads, value)?))
    }
}
