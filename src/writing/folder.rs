//! A model as a folder: `config.json`, `model.safetensors` and the tokenizer's files.
//!
//! In: files that nobody vouches for. Out: settings as JSON, and tensors read one by one, each checked against the
//! weights file's size before memory is asked for. The format is the one of the safetensors project.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use serde::Deserialize;
use serde_json::Value;

use super::WritingError;
use super::memory::{self, filled};
use super::stamp::Stamp;
use crate::jobs::Cancel;

/// As in the safetensors project.
const LONGEST_HEAD: u64 = 100_000_000;
/// A file of settings or of a tokenizer is no larger.
const LARGEST_TEXT: u64 = 256 << 20;

/// A folder's settings and where its weights are.
pub struct Folder {
    pub path: PathBuf,
    /// `config.json`.
    pub config: Value,
    pub weights: Weights,
}

impl Folder {
    /// Reads the settings and the weights' list of tensors; no weights.
    ///
    /// # Errors
    /// A file is missing, cut, or says something impossible about itself.
    pub fn open(path: &Path) -> Result<Self, WritingError> {
        let failed = |what: String| failed(path, &what);
        let config = json(&path.join("config.json")).map_err(failed)?;
        let file = path.join("model.safetensors");
        if !file.exists() && path.join("model.safetensors.index.json").exists() {
            return Err(failed(
                "its weights are in several files; save them as one model.safetensors".into(),
            ));
        }
        let weights = Weights::open(&file).map_err(failed)?;
        Ok(Self { path: path.to_owned(), config, weights })
    }

    /// That the folder cannot be used, and why.
    #[must_use]
    pub fn unusable(&self, what: &str) -> WritingError {
        failed(&self.path, what)
    }

    /// A file of JSON in the folder; `None` where it is not there.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn json(&self, name: &str) -> Result<Option<Value>, String> {
        let path = self.path.join(name);
        if path.exists() { json(&path).map(Some) } else { Ok(None) }
    }

    /// A text file in the folder; `None` where it is not there.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn text(&self, name: &str) -> Result<Option<String>, String> {
        let path = self.path.join(name);
        if path.exists() { text(&path).map(Some) } else { Ok(None) }
    }
}

fn failed(path: &Path, what: &str) -> WritingError {
    WritingError::Failed(format!("{} cannot be used as a model: {what}", path.display()))
}

fn text(path: &Path) -> Result<String, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let wrong = |error: std::io::Error| format!("{name} cannot be read: {error}");
    let size = std::fs::metadata(path).map_err(wrong)?.len();
    if size > LARGEST_TEXT {
        return Err(format!("{name} has {size} bytes, which no such file needs"));
    }
    std::fs::read_to_string(path).map_err(wrong)
}

fn json(path: &Path) -> Result<Value, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    serde_json::from_str(&text(path)?).map_err(|error| format!("{name} is not JSON: {error}"))
}

/// The head of a safetensors file.
pub struct Weights {
    pub path: PathBuf,
    pub file_bytes: u64,
    /// Where the first tensor starts.
    data: u64,
    tensors: BTreeMap<String, Info>,
    /// Of the file as it was opened.
    stamp: Stamp,
}

#[derive(Deserialize)]
struct Info {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [u64; 2],
}

impl Info {
    /// A shape that nobody has checked may say anything.
    fn elements(&self) -> u64 {
        self.shape.iter().fold(1, |product, length| product.saturating_mul(*length as u64))
    }
}

impl Weights {
    /// Reads the list of tensors.
    ///
    /// # Errors
    /// The file cannot be read, is cut, or its tensors have impossible sizes, overlap or end behind its end.
    pub fn open(path: &Path) -> Result<Self, String> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let wrong = |error: std::io::Error| format!("{name} cannot be read: {error}");
        let mut file = File::open(path).map_err(wrong)?;
        let about = file.metadata().map_err(wrong)?;
        let file_bytes = about.len();
        let mut length = [0; 8];
        file.read_exact(&mut length).map_err(wrong)?;
        let length = u64::from_le_bytes(length);
        if length > LONGEST_HEAD || length > file_bytes.saturating_sub(8) {
            return Err(format!(
                "{name} announces a head of {length} bytes, but has {file_bytes}: it was cut, or is no safetensors \
                 file; fetch it again"
            ));
        }
        let mut head = vec![0; length as usize];
        file.read_exact(&mut head).map_err(wrong)?;
        let broken = |error: serde_json::Error| format!("{name} has a head that cannot be read: {error}");
        let mut list: serde_json::Map<String, Value> = serde_json::from_slice(&head).map_err(broken)?;
        list.remove("__metadata__");
        let mut tensors = BTreeMap::new();
        let (data, mut sum) = (8 + length, 0_u64);
        for (tensor, info) in list {
            let info: Info = serde_json::from_value(info).map_err(broken)?;
            let [start, end] = info.data_offsets;
            let bytes = width(&info.dtype).and_then(|width| {
                info.shape.iter().try_fold(width, |product, length| product.checked_mul(*length as u64))
            });
            if start > end || bytes.is_some_and(|bytes| bytes != end - start) {
                return Err(format!(
                    "{name}: tensor {tensor} does not have the size that its shape asks for"
                ));
            }
            if end > file_bytes - data {
                return Err(format!(
                    "{name}: tensor {tensor} ends behind the file: it was cut; fetch it again"
                ));
            }
            sum = sum.saturating_add(end - start);
            tensors.insert(tensor, info);
        }
        if sum > file_bytes {
            return Err(format!("{name}: its tensors overlap"));
        }
        Ok(Self { path: path.to_owned(), file_bytes, data, tensors, stamp: Stamp::of(&about) })
    }

    /// That the file is still the one whose head was read.
    ///
    /// # Errors
    /// It has been changed, replaced or removed.
    pub fn check_unchanged(&self) -> Result<(), WritingError> {
        self.stamp.check(&self.path)
    }

    /// SHA-256 of the file whose head was read.
    ///
    /// # Errors
    /// As [`Weights::check_unchanged`]; it cannot be read, or cancelled.
    pub fn sha256(&self, cancel: &Cancel) -> Result<String, WritingError> {
        self.stamp.sha256(&self.path, cancel)
    }

    /// That there is memory for them in single precision, and for the largest while it is read and turned.
    ///
    /// # Errors
    /// There is less.
    pub fn check_memory(&self) -> Result<(), String> {
        let largest = self.tensors.values().map(Info::elements).max().unwrap_or(0);
        memory::check(
            self.parameters().saturating_mul(4).saturating_add(largest.saturating_mul(8)),
            memory::available(),
        )
    }

    /// Whether there is such a tensor.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Number of tensors.
    #[must_use]
    pub fn count(&self) -> usize {
        self.tensors.len()
    }

    /// Number of weights.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        self.tensors.values().map(Info::elements).fold(0, u64::saturating_add)
    }

    /// The kind of number that holds most weights: `F32`.
    #[must_use]
    pub fn kind(&self) -> String {
        let mut weights: BTreeMap<&str, u64> = BTreeMap::new();
        for info in self.tensors.values() {
            let sum = weights.entry(&info.dtype).or_default();
            *sum = sum.saturating_add(info.elements());
        }
        let most = weights.into_iter().max_by_key(|(_, elements)| *elements);
        most.map_or_else(|| "none".into(), |(kind, _)| kind.to_owned())
    }

    /// That there is such a tensor with this shape.
    ///
    /// # Errors
    /// There is none, or it has another shape.
    pub fn check_shape(&self, name: &str, shape: &[usize]) -> Result<(), String> {
        self.shaped(name, shape).map(drop)
    }

    fn shaped(&self, name: &str, shape: &[usize]) -> Result<&Info, String> {
        let info = self.tensors.get(name).ok_or_else(|| format!("its weights have no tensor {name}"))?;
        if info.shape == shape {
            return Ok(info);
        }
        Err(format!("tensor {name} has shape {:?} where config.json asks for {shape:?}", info.shape))
    }

    /// Reads one tensor, which must have this shape, as single precision.
    ///
    /// # Errors
    /// There is no such tensor, it has another shape or no numbers in it, or the file has been cut meanwhile.
    pub fn numbers(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
        let info = self.shaped(name, shape)?;
        let [start, end] = info.data_offsets;
        let mut bytes = filled(0, (end - start) as usize)
            .map_err(|_| format!("there is no memory for tensor {name}: close other programs"))?;
        let read = File::open(&self.path).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.data + start))?;
            file.read_exact(&mut bytes)
        });
        read.map_err(|error| format!("tensor {name} cannot be read: {error}"))?;
        Ok(match info.dtype.as_str() {
            "F32" => bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
            "F16" => bytes.as_chunks().0.iter().map(|bytes| f16::from_le_bytes(*bytes).to_f32()).collect(),
            "BF16" => bytes.as_chunks().0.iter().map(|bytes| bf16::from_le_bytes(*bytes).to_f32()).collect(),
            other => return Err(format!("tensor {name} holds {other}; F32, F16 and BF16 are known")),
        })
    }

    /// `[columns, rows]` as `[rows, columns]`.
    #[must_use]
    pub fn turned(stored: &[f32], rows: usize) -> Vec<f32> {
        let columns = stored.len() / rows.max(1);
        let mut turned = vec![0.0; stored.len()];
        for (column, stored) in stored.chunks_exact(rows.max(1)).enumerate() {
            for (row, number) in stored.iter().enumerate() {
                turned[row * columns + column] = *number;
            }
        }
        turned
    }
}

/// Bytes of a number; `None` where it is not known.
fn width(dtype: &str) -> Option<u64> {
    match dtype {
        "F64" | "I64" | "U64" => Some(8),
        "F32" | "I32" | "U32" => Some(4),
        "F16" | "BF16" | "I16" | "U16" => Some(2),
        "I8" | "U8" | "BOOL" => Some(1),
        _ => None,
    }
}
