//! The same operations put together of candle's own, which it can differentiate by itself: for other devices, and for
//! holding the others against.

use candle_core::{D, Result, Tensor};

use super::attention::Places;
use super::linear::LowRank;

/// As [`super::norm`].
///
/// # Errors
/// Shapes that do not fit each other.
pub fn norm(x: &Tensor, weight: &Tensor, epsilon: f32) -> Result<Tensor> {
    let mean = (x.sqr()?.mean_keepdim(D::Minus1)? + f64::from(epsilon))?.sqrt()?;
    x.broadcast_div(&mean)?.broadcast_mul(weight)
}

/// As [`super::gate`].
///
/// # Errors
/// Shapes that differ.
pub fn gate(gate: &Tensor, up: &Tensor) -> Result<Tensor> {
    gate.silu()?.mul(up)
}

/// As [`super::linear`].
///
/// # Errors
/// Shapes that do not fit each other.
pub fn linear(x: &Tensor, weight: &Tensor, adapter: Option<&LowRank<'_>>) -> Result<Tensor> {
    let out = x.matmul(&weight.t()?)?;
    let Some(LowRank { down, up, scale, dropout }) = adapter else { return Ok(out) };
    let seen = match dropout {
        None => x.clone(),
        Some(dropout) => {
            let mut factors = vec![1.0; x.elem_count()];
            dropout.apply(0, &mut factors);
            x.mul(&Tensor::from_vec(factors, x.shape(), x.device())?)?
        }
    };
    out + (seen.matmul(&down.t()?)?.matmul(&up.t()?)? * f64::from(*scale))?
}

/// As [`super::loss`].
///
/// # Errors
/// Shapes that do not fit each other.
pub fn loss(logits: &Tensor, wanted: &[(u32, f32)]) -> Result<Tensor> {
    let count = wanted.len();
    let tokens: Vec<u32> = wanted.iter().map(|(token, _)| *token).collect();
    let weights: Vec<f32> = wanted.iter().map(|(_, weight)| *weight).collect();
    let tokens = Tensor::from_vec(tokens, (count, 1), logits.device())?;
    let weights = Tensor::from_vec(weights, count, logits.device())?;
    let most = logits.max_keepdim(D::Minus1)?.detach();
    let logits = logits.broadcast_sub(&most)?;
    let sums = logits.exp()?.sum(D::Minus1)?.log()?;
    let own = logits.gather(&tokens, D::Minus1)?.squeeze(D::Minus1)?;
    (sums - own)?.mul(&weights)?.sum_all()
}

/// As [`super::attention`].
///
/// # Errors
/// Shapes that do not fit each other.
pub fn attention(query: &Tensor, key: &Tensor, value: &Tensor, places: &Places) -> Result<Tensor> {
    let width = places.head_width;
    let own = places.heads / places.kv_heads;
    let mut texts = Vec::new();
    for (start, length) in places.texts.iter().copied() {
        let half = width / 2;
        let table = |pick: fn(&(f32, f32)) -> f32| {
            let numbers: Vec<f32> = places.rotations[..length * half].iter().map(pick).collect();
            Tensor::from_vec(numbers, (length, half), query.device())
        };
        let (cos, sin) = (table(|turn| turn.0)?, table(|turn| turn.1)?);
        let cut = |x: &Tensor, heads: usize| {
            x.narrow(0, start, length)?.reshape((length, heads, width))?.transpose(0, 1)?.contiguous()
        };
        let turn = |x: Tensor| {
            let (low, high) = (x.narrow(2, 0, half)?, x.narrow(2, half, half)?);
            let first = (low.broadcast_mul(&cos)? - high.broadcast_mul(&sin)?)?;
            let second = (high.broadcast_mul(&cos)? + low.broadcast_mul(&sin)?)?;
            Tensor::cat(&[first, second], 2)
        };
        // `[kv_heads, rows, width]` to `[heads, rows, width]`.
        let repeat = |x: Tensor| {
            let wide = x.unsqueeze(1)?.broadcast_as((places.kv_heads, own, length, width))?;
            wide.contiguous()?.reshape((places.heads, length, width))
        };
        let query = turn(cut(query, places.heads)?)?;
        let key = repeat(turn(cut(key, places.kv_heads)?)?)?;
        let value = repeat(cut(value, places.kv_heads)?)?;
        let hidden: Vec<f32> = (0..length * length)
            .map(|at| if at % length > at / length { f32::NEG_INFINITY } else { 0.0 })
            .collect();
        let hidden = Tensor::from_vec(hidden, (length, length), query.device())?;
        let scores = (query.matmul(&key.transpose(1, 2)?.contiguous()?)? / (width as f64).sqrt())?;
        let scores = scores.broadcast_add(&hidden)?;
        let shares = scores.broadcast_sub(&scores.max_keepdim(D::Minus1)?.detach())?.exp()?;
        let shares = shares.broadcast_div(&shares.sum_keepdim(D::Minus1)?)?;
        let out = shares.matmul(&value)?.transpose(0, 1)?;
        texts.push(out.contiguous()?.reshape((length, places.heads * width))?);
    }
    Tensor::cat(&texts, 0)
}
