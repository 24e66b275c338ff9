//! Where a training stands, so that it can go on after it was stopped.
//!
//! In: the adapter, its moments, the best so far, steps and losses. Out: one file that is replaced whole, and back to the bit.
//! The order of examples and what is dropped follow from seed and step, so they are in it too.

use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::adapter::{read_tensor, read_tensors, write_tensors};
use super::optimiser::AdamW;
use super::{Losses, Settings, TuneError};

/// The file in the adapter's folder while it is made.
pub const FILE: &str = "checkpoint.safetensors";
const SCHEMA: u32 = 1;
/// The tensor that holds what is not a number of the adapter's.
const HEAD: &str = "head";

/// What a training is of: another model, other examples or settings cannot go on with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    pub base_sha256: String,
    pub data_sha256: String,
    pub settings: Settings,
}

/// How far it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Steps done, and how long they and the looks between them took, over all runs.
    pub step: usize,
    #[serde(default)]
    pub seconds: f64,
    pub losses: Vec<Losses>,
    /// Losses of the steps since the last look.
    pub recent: Vec<f32>,
    /// The best adapter's step and loss.
    pub best_step: usize,
    pub best_held_out: Option<f32>,
    /// Looks since it was found.
    pub looks_since: usize,
}

/// All of it.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub standing: Standing,
    pub optimiser: AdamW,
    /// The adapter's numbers now and at its best, in the order of its variables.
    pub now: Vec<Vec<f32>>,
    pub best: Vec<Vec<f32>>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    schema: u32,
    origin: Origin,
    standing: Standing,
    optimiser_steps: u32,
}

/// Where the checkpoint of a folder lies.
#[must_use]
pub fn path(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// Writes the checkpoint of a folder. The one before stays whole until this one is.
///
/// # Errors
/// The folder cannot be written.
pub fn write(folder: &Path, origin: &Origin, state: &State) -> Result<(), TuneError> {
    let head = Head {
        schema: SCHEMA,
        origin: origin.clone(),
        standing: state.standing.clone(),
        optimiser_steps: state.optimiser.steps,
    };
    let head = serde_json::to_vec(&head).map_err(|error| TuneError::Failed(error.to_string()))?;
    let length = head.len();
    let mut tensors = vec![(HEAD.to_owned(), Tensor::from_vec(head, length, &Device::Cpu)?)];
    for (part, lists) in parts(state) {
        for (index, numbers) in lists.iter().enumerate() {
            let tensor = Tensor::from_slice(numbers, numbers.len(), &Device::Cpu)?;
            tensors.push((format!("{part}.{index}"), tensor));
        }
    }
    std::fs::create_dir_all(folder).map_err(super::adapter::io(folder, "made"))?;
    write_tensors(&path(folder), tensors)
}

fn parts(state: &State) -> [(&'static str, &Vec<Vec<f32>>); 4] {
    let AdamW { first, second, .. } = &state.optimiser;
    [("now", &state.now), ("best", &state.best), ("first", first), ("second", second)]
}

/// Reads the checkpoint of a folder, for an adapter whose variables have these lengths.
///
/// # Errors
/// There is none, it was cut, or it is of another training: the message says of which.
pub fn read(folder: &Path, origin: &Origin, lengths: &[usize]) -> Result<State, TuneError> {
    let path = path(folder);
    let failed = |what: String| TuneError::Failed(format!("{} {what}", path.display()));
    if !path.exists() {
        return Err(failed(
            "is not there: nothing was stopped here. Leave out --resume to begin anew".into(),
        ));
    }
    let mut tensors = read_tensors(&path)?;
    let damaged = || failed("is damaged: remove it and train anew, without --resume".into());
    let head: Vec<u8> = tensors.remove(HEAD).ok_or_else(damaged)?.to_vec1().map_err(|_| damaged())?;
    let head: Head = serde_json::from_slice(&head).map_err(|_| damaged())?;
    if let Some(what) = difference(&head.origin, origin) {
        return Err(failed(format!(
            "is of another training ({what}): give what it began with, or remove it to begin anew, without --resume"
        )));
    }
    let mut take = |part: &str| -> Result<Vec<Vec<f32>>, TuneError> {
        let lists = lengths.iter().enumerate().map(|(index, length)| {
            let tensor = tensors.remove(&format!("{part}.{index}")).ok_or_else(damaged)?;
            let numbers: Vec<f32> = tensor.to_vec1().map_err(|_| damaged())?;
            if numbers.len() == *length { Ok(numbers) } else { Err(damaged()) }
        });
        lists.collect()
    };
    let (now, best) = (take("now")?, take("best")?);
    let optimiser = AdamW { steps: head.optimiser_steps, first: take("first")?, second: take("second")? };
    Ok(State { standing: head.standing, optimiser, now, best })
}

/// How far the training of a folder came, and its settings; `None` where no checkpoint lies there that can be read.
#[must_use]
pub fn standing(folder: &Path) -> Option<(Standing, Settings)> {
    let head: Vec<u8> = read_tensor(&path(folder), HEAD).ok()?.to_vec1().ok()?;
    let head: Head = serde_json::from_slice(&head).ok()?;
    Some((head.standing, head.origin.settings))
}

/// What differs between two trainings, in words.
fn difference(was: &Origin, is: &Origin) -> Option<String> {
    if was.base_sha256 != is.base_sha256 {
        return Some("its model is another file".into());
    }
    if was.data_sha256 != is.data_sha256 {
        return Some("its examples were others".into());
    }
    if was.settings == is.settings {
        return None;
    }
    let list = |settings| serde_json::to_value(settings).unwrap_or_default();
    let (was, is) = (list(&was.settings), list(&is.settings));
    let name = was.as_object().and_then(|was| was.iter().find(|(name, value)| is.get(name) != Some(value)));
    Some(
        name.map_or_else(
            || "its settings were others".into(),
            |(name, value)| format!("its {name} was {value}"),
        ),
    )
}
