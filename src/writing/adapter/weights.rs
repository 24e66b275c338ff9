//! `adapter_model.safetensors`: the matrices, as PEFT names them.
//!
//! In: the file's bytes. Out: a pair of matrices for each that is changed, in single precision. Every tensor must be a
//! known one, of a known kind, with finite numbers and a shape that fits its other half.

use std::collections::BTreeMap;

use candle_core::safetensors::SliceSafetensors;
use candle_core::{DType, Device};

use super::settings::Settings;
use super::{Projection, WEIGHTS};
use crate::writing::kernels::Pair;

/// Layers that a name may speak of.
const MOST_LAYERS: usize = 1 << 16;
/// The largest number that half precision holds.
const LARGEST: f32 = 65504.0;

/// One half of a pair.
struct Half {
    shape: [usize; 2],
    numbers: Vec<f32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Down,
    Up,
}

pub(super) fn pairs(
    bytes: &[u8],
    settings: &Settings,
) -> Result<BTreeMap<(usize, Projection), Pair>, String> {
    let broken = |error: candle_core::Error| {
        format!(
            "{WEIGHTS} cannot be read ({}): it was cut, or is no safetensors file; copy it again",
            first_line(&error)
        )
    };
    let file = SliceSafetensors::new(bytes).map_err(broken)?;
    let mut halves: BTreeMap<(usize, Projection, Side), Half> = BTreeMap::new();
    for (name, _) in file.tensors() {
        let place = parse(&name).ok_or_else(|| {
            format!(
                "{WEIGHTS} has a tensor {name}, which is no LoRA matrix of a layer's projections (q, k, v, o, gate, up, down): \
                 tune it on those alone"
            )
        })?;
        let tensor = file.load(&name, &Device::Cpu).map_err(broken)?;
        if !matches!(tensor.dtype(), DType::F32 | DType::F16 | DType::BF16) {
            return Err(format!("tensor {name} holds {:?}; F32, F16 and BF16 are known", tensor.dtype()));
        }
        let [rows, columns] = *tensor.dims() else {
            return Err(format!("tensor {name} has {} dimensions in place of two", tensor.dims().len()));
        };
        if rows == 0 || columns == 0 {
            return Err(format!("tensor {name} is empty: copy the file again"));
        }
        let numbers: Vec<f32> =
            tensor.to_dtype(DType::F32).and_then(|tensor| tensor.flatten_all()?.to_vec1()).map_err(broken)?;
        if !numbers.iter().all(|number| number.is_finite()) {
            return Err(format!(
                "tensor {name} has numbers that are none (NaN or infinite): its tuning went astray; tune it again, with \
                 a lower rate"
            ));
        }
        if halves.insert(place, Half { shape: [rows, columns], numbers }).is_some() {
            return Err(format!("{WEIGHTS} has tensor {name} twice, under two names: tune it again"));
        }
    }
    joined(halves, settings)
}

fn joined(
    mut halves: BTreeMap<(usize, Projection, Side), Half>,
    settings: &Settings,
) -> Result<BTreeMap<(usize, Projection), Pair>, String> {
    let mut pairs = BTreeMap::new();
    while let Some(((layer, module, side), half)) = halves.pop_first() {
        let name = format!("layers.{layer}.{}", module.path());
        let other = (side == Side::Down).then(|| halves.remove(&(layer, module, Side::Up))).flatten();
        let Some(mut up) = other else {
            let missing = if side == Side::Down { "lora_B" } else { "lora_A" };
            return Err(format!("{name} has no {missing}: the file is not whole; copy it again"));
        };
        let ([rank, _], [_, other_rank]) = (half.shape, up.shape);
        if rank != other_rank || !settings.ranks_differ && rank != settings.rank {
            return Err(format!(
                "{name} has lora_A of rank {rank} and lora_B of rank {other_rank}, where adapter_config.json says {}: the two \
                 files do not belong together",
                settings.rank
            ));
        }
        let scale = settings.scale(rank);
        for number in &mut up.numbers {
            *number *= scale;
        }
        if up.numbers.iter().any(|number| number.abs() > LARGEST) {
            return Err(format!(
                "{name} has numbers above {LARGEST}: its tuning went astray; tune it again, with a lower rate"
            ));
        }
        pairs.insert((layer, module), Pair { rank, down: half.numbers, up: up.numbers });
    }
    if pairs.is_empty() {
        return Err(format!("{WEIGHTS} has no matrices: copy it again"));
    }
    Ok(pairs)
}

/// What a tensor's name says: `base_model.model.model.layers.3.mlp.up_proj.lora_A.weight`.
fn parse(name: &str) -> Option<(usize, Projection, Side)> {
    let name = name.strip_prefix("base_model.model.")?;
    let name = name.strip_prefix("model.").unwrap_or(name).strip_prefix("layers.")?;
    let (layer, name) = name.split_once('.')?;
    let layer = layer.parse().ok().filter(|layer| *layer < MOST_LAYERS)?;
    let (name, side) =
        [("lora_A", Side::Down), ("lora_B", Side::Up)].into_iter().find_map(|(half, side)| {
            let (name, rest) = name.split_once(&format!(".{half}"))?;
            matches!(rest, ".weight" | ".default.weight").then_some((name, side))
        })?;
    let module = Projection::ALL.into_iter().find(|module| module.path() == name)?;
    Some((layer, module, side))
}

/// candle may write where in its own code it was.
fn first_line(error: &candle_core::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
