//! An adapter on disk, in PEFT's form.
//!
//! In: names and numbers. Out: a folder with `adapter_model.safetensors`, `adapter_config.json`, `card.json` and `taught.json`, and back. All
//! four are written beside their places and then renamed into them, the numbers last: a new folder is never half an adapter, and files that do
//! not belong together are told by the checksum on the card.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor, safetensors};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::lora::Adapters;
use super::{Losses, Settings, TuneError};
use crate::writing::adapter::{Base, CARD, SETTINGS, TAUGHT, WEIGHTS, check_sha256};
use crate::writing::guard::taught::Taught;
use crate::writing::local::hex;

/// What an adapter was made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    pub schema: u32,
    pub name: String,
    pub base: Base,
    /// SHA-256 of all examples.
    pub data_sha256: String,
    /// Examples learnt from, and patterns in all.
    pub examples: usize,
    pub patterns: usize,
    pub settings: Settings,
    pub losses: Vec<Losses>,
    /// Step whose adapter this is.
    pub step: usize,
    /// Version of the form of prompts that it was tuned on.
    pub form: u32,
    /// Languages that it teaches the model.
    #[serde(default)]
    pub languages: Vec<String>,
    /// Version of the program.
    pub program: String,
    /// SHA-256 of the file with the matrices, by which damage is found; absent in a card that was not written yet, and in older ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights_sha256: Option<String>,
}

/// Writes an adapter and what it was taught: `numbers` by name, in half precision where `half`. The folder is made where it
/// is not there.
///
/// # Errors
/// The folder cannot be written.
pub fn write(
    folder: &Path,
    (card, taught): (&Card, &Taught),
    numbers: &[(String, Tensor)],
    half: bool,
) -> Result<(), TuneError> {
    fs::create_dir_all(folder).map_err(io(folder, "made"))?;
    let settings = &card.settings;
    let targets: Vec<&str> = settings.targets.iter().map(|projection| projection.name()).collect();
    let config = json!({
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": card.base.name,
        "r": settings.rank,
        "lora_alpha": settings.alpha,
        "lora_dropout": settings.dropout,
        "target_modules": targets,
        "bias": "none",
        "fan_in_fan_out": false,
        "use_rslora": false,
        "use_dora": false,
        "inference_mode": true,
    });
    let kind = if half { DType::F16 } else { DType::F32 };
    let tensors: candle_core::Result<HashMap<String, Tensor>> = numbers
        .iter()
        .map(|(name, tensor)| Ok((name.clone(), tensor.to_device(&Device::Cpu)?.to_dtype(kind)?)))
        .collect();
    let weights = Written::new(folder.join(WEIGHTS), save(&tensors?))?;
    let card = Card { weights_sha256: Some(weights.sha256()?), ..card.clone() };
    let settings = Written::json(folder.join(SETTINGS), &config)?;
    let card = Written::json(folder.join(CARD), &card)?;
    let taught = Written::json(folder.join(TAUGHT), taught)?;
    [settings, card, taught, weights].into_iter().try_for_each(Written::put)
}

/// Writes tensors beside their place and renames them into it.
///
/// # Errors
/// The folder cannot be written.
pub fn write_tensors(path: &Path, tensors: Vec<(String, Tensor)>) -> Result<(), TuneError> {
    Written::new(path.to_owned(), save(&tensors.into_iter().collect()))?.put()
}

fn save(tensors: &HashMap<String, Tensor>) -> impl FnOnce(&Path) -> std::io::Result<()> {
    |part| safetensors::save(tensors, part).map_err(std::io::Error::other)
}

/// What is to replace a file, and lies beside it: whoever looks, or loses power, finds the old one or the new one.
struct Written {
    path: PathBuf,
    /// Absent once it is in its place.
    part: Option<PathBuf>,
}

impl Written {
    fn new(path: PathBuf, write: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<Self, TuneError> {
        let part = part_of(&path);
        let written = Self { path, part: Some(part.clone()) };
        write(&part).and_then(|()| File::open(&part)?.sync_all()).map_err(io(&written.path, "written"))?;
        Ok(written)
    }

    fn json(path: PathBuf, value: &impl Serialize) -> Result<Self, TuneError> {
        let mut text =
            serde_json::to_string_pretty(value).map_err(|error| TuneError::Failed(error.to_string()))?;
        text.push('\n');
        Self::new(path, |part| File::create(part)?.write_all(text.as_bytes()))
    }

    fn sha256(&self) -> Result<String, TuneError> {
        let part = self.part.as_deref().unwrap_or(&self.path);
        Ok(hex(&Sha256::digest(fs::read(part).map_err(io(part, "read"))?)))
    }

    fn put(mut self) -> Result<(), TuneError> {
        if let Some(part) = &self.part {
            fs::rename(part, &self.path).map_err(io(&self.path, "written"))?;
        }
        self.part = None;
        // The new name must reach the disk too; where a folder cannot be synced, nothing is lost but this certainty.
        let _ = self.path.parent().and_then(|folder| File::open(folder).ok()).map(|folder| folder.sync_all());
        Ok(())
    }
}

impl Drop for Written {
    /// What was not put into its place is of no use.
    fn drop(&mut self) {
        if let Some(part) = &self.part {
            let _ = fs::remove_file(part);
        }
    }
}

/// Where a file is written before it takes its name.
#[must_use]
pub fn part_of(path: &Path) -> PathBuf {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    part.into()
}

pub(super) fn io(path: &Path, verb: &'static str) -> impl FnOnce(std::io::Error) -> TuneError {
    let path = path.to_owned();
    move |source| TuneError::Io { path, verb, source }
}

/// An adapter as it was read.
#[derive(Debug)]
pub struct Found {
    pub rank: usize,
    pub alpha: f32,
    /// Absent in an adapter that PEFT made.
    pub card: Option<Card>,
    /// In single precision, by PEFT's names.
    pub numbers: HashMap<String, Tensor>,
}

/// The parts of PEFT's settings that matter here.
#[derive(Deserialize)]
struct Config {
    peft_type: String,
    r: usize,
    lora_alpha: f32,
}

/// Reads an adapter of ours, or of PEFT's.
///
/// # Errors
/// A file is missing, cut or says what cannot be; the message names it.
pub fn read(folder: &Path) -> Result<Found, TuneError> {
    let config: Config = read_json(&folder.join(SETTINGS))?;
    let path = folder.join(WEIGHTS);
    if config.peft_type != "LORA" || config.r == 0 || !config.lora_alpha.is_finite() {
        let what = "it is no LoRA adapter; choose one whose adapter_config.json says \"LORA\"";
        return Err(broken(&folder.join(SETTINGS), what));
    }
    let card = if folder.join(CARD).exists() { Some(read_card(folder)?) } else { None };
    let bytes = fs::read(&path).map_err(io(&path, "read"))?;
    check_sha256(&bytes, card.as_ref().and_then(|card| card.weights_sha256.as_deref()))
        .map_err(|why| broken(&path, &why))?;
    let numbers = tensors_of(&path, &bytes)?;
    let single = numbers.into_iter().map(|(name, tensor)| Ok((name, tensor.to_dtype(DType::F32)?)));
    let numbers = single.collect::<candle_core::Result<_>>()?;
    Ok(Found { rank: config.r, alpha: config.lora_alpha, card, numbers })
}

impl Found {
    /// Puts the numbers into variables of the same names.
    ///
    /// # Errors
    /// One is missing, has another shape, or there are more than the model has places for: the message names it.
    pub fn put(&self, adapters: &Adapters) -> Result<(), TuneError> {
        let variables = adapters.variables();
        let failed = |what: String| {
            TuneError::Failed(format!(
                "the adapter does not fit: {what}. Choose one that was made for this model"
            ))
        };
        for (name, variable) in &variables {
            let tensor = self.numbers.get(name).ok_or_else(|| failed(format!("it has no {name}")))?;
            if tensor.shape() != variable.shape() {
                let (found, wanted) = (tensor.dims(), variable.dims());
                return Err(failed(format!("its {name} is {found:?} where the model asks for {wanted:?}")));
            }
        }
        if let Some(name) =
            self.numbers.keys().find(|name| !variables.iter().any(|(known, _)| known == *name))
        {
            return Err(failed(format!("the model has no place for its {name}")));
        }
        for (name, variable) in variables {
            variable.set(&self.numbers[&name].to_device(variable.device())?)?;
        }
        Ok(())
    }
}

/// What an adapter was made from.
///
/// # Errors
/// The folder has no card, or a damaged one.
pub fn read_card(folder: &Path) -> Result<Card, TuneError> {
    read_json(&folder.join(CARD))
}

/// What an adapter was taught; nothing where its folder does not say.
///
/// # Errors
/// The file is damaged.
pub fn read_taught(folder: &Path) -> Result<Taught, TuneError> {
    let path = folder.join(TAUGHT);
    if path.exists() { read_json(&path) } else { Ok(Taught::default()) }
}

fn read_json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T, TuneError> {
    let text = fs::read_to_string(path).map_err(io(path, "read"))?;
    serde_json::from_str(&text)
        .map_err(|error| broken(path, &format!("it is damaged ({error}); train it anew")))
}

/// Reads tensors.
///
/// # Errors
/// The file cannot be read, or was cut.
pub fn read_tensors(path: &Path) -> Result<HashMap<String, Tensor>, TuneError> {
    tensors_of(path, &fs::read(path).map_err(io(path, "read"))?)
}

/// Reads one tensor of a file.
///
/// # Errors
/// The file cannot be read, was cut, or has none of this name.
pub fn read_tensor(path: &Path, name: &str) -> Result<Tensor, TuneError> {
    let bytes = fs::read(path).map_err(io(path, "read"))?;
    Ok(safetensors::BufferedSafetensors::new(bytes)?.load(name, &Device::Cpu)?)
}

fn tensors_of(path: &Path, bytes: &[u8]) -> Result<HashMap<String, Tensor>, TuneError> {
    safetensors::load_buffer(bytes, &Device::Cpu).map_err(|error| {
        broken(path, &format!("it is cut or damaged ({error}); remove it and train anew, without --resume"))
    })
}

fn broken(path: &Path, what: &str) -> TuneError {
    TuneError::Failed(format!("{} cannot be used: {what}", path.display()))
}
