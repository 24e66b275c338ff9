//! Reads the head of a GGUF file, and its tensors one by one.
//!
//! In: a file that nobody vouches for. Out: its metadata and where each tensor lies, with every size checked
//! against the file before memory is asked for. The format is the one of the ggml project, versions 2 and 3.

mod head;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use candle_core::Device;
use candle_core::quantized::{GgmlDType, QTensor, ggml_file};

use self::head::Head;
use super::WritingError;
use super::local::sha256_of;
use super::memory::filled;
use super::stamp::Stamp;
use crate::jobs::Cancel;

/// Why a file cannot be used as a model. Each message says what was found and where.
#[derive(Debug, thiserror::Error)]
pub enum GgufError {
    #[error("{path} cannot be read: {source}")]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{path} is not a usable GGUF model: {what}")]
    Broken { path: PathBuf, what: String },
    #[error(
        "there is no memory for the weights of {path}: close other programs, choose a smaller model, or write with \
         templates (`--model none`)"
    )]
    TooLarge { path: PathBuf },
}

/// One value of the metadata.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Integer(i128),
    Float(f64),
    Bool(bool),
    Text(String),
    Integers(Vec<i64>),
    Floats(Vec<f32>),
    Texts(Vec<String>),
    /// Of a kind that no model here needs; its length is kept.
    Other(u64),
}

/// Where a tensor lies and what it is.
#[derive(Clone, Debug)]
pub struct TensorInfo {
    /// Rows first: `[rows, columns]`.
    pub shape: Vec<usize>,
    pub kind: GgmlDType,
    /// Bytes from the start of the file.
    start: u64,
    bytes: usize,
}

impl TensorInfo {
    #[must_use]
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// Bytes in the file.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// The head of a GGUF file.
#[derive(Debug)]
pub struct Gguf {
    pub path: PathBuf,
    pub version: u32,
    pub file_bytes: u64,
    pub metadata: BTreeMap<String, Value>,
    pub tensors: BTreeMap<String, TensorInfo>,
    /// Of the file as it was opened.
    stamp: Option<Stamp>,
}

impl Gguf {
    /// Reads metadata and the list of tensors; no weights.
    ///
    /// # Errors
    /// The file cannot be read, is cut, or says something impossible about itself.
    pub fn open(path: &Path) -> Result<Self, GgufError> {
        let io = |source| GgufError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(io)?;
        let about = file.metadata().map_err(io)?;
        if about.is_dir() {
            return Err(broken(path, "it is a folder; give the .gguf file inside it".into()));
        }
        let head = Self::read(path, BufReader::with_capacity(1 << 20, file), about.len())?;
        Ok(Self { stamp: Some(Stamp::of(&about)), ..head })
    }

    /// That the file is still the one whose head was read.
    ///
    /// # Errors
    /// It has been changed, replaced or removed.
    pub fn check_unchanged(&self) -> Result<(), WritingError> {
        self.stamp.as_ref().map_or(Ok(()), |stamp| stamp.check(&self.path))
    }

    /// SHA-256 of the file whose head was read.
    ///
    /// # Errors
    /// As [`Gguf::check_unchanged`]; it cannot be read, or cancelled.
    pub fn sha256(&self, cancel: &Cancel) -> Result<String, WritingError> {
        match &self.stamp {
            Some(stamp) => stamp.sha256(&self.path, cancel),
            None => sha256_of(&self.path, cancel),
        }
    }

    /// Reads the head from `source`, which is `file_bytes` long. `path` is for messages.
    ///
    /// # Errors
    /// As [`Gguf::open`].
    pub fn read(path: &Path, source: impl Read, file_bytes: u64) -> Result<Self, GgufError> {
        Head::new(source, file_bytes).parse(path).map_err(|what| broken(path, what))
    }

    /// A text of the metadata.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.metadata.get(key)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number of the metadata that is not negative.
    #[must_use]
    pub fn count(&self, key: &str) -> Option<usize> {
        match self.metadata.get(key)? {
            Value::Integer(value) => usize::try_from(*value).ok(),
            _ => None,
        }
    }

    /// A number of the metadata.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<f64> {
        match self.metadata.get(key)? {
            Value::Float(value) => Some(*value),
            Value::Integer(value) => Some(*value as f64),
            _ => None,
        }
    }

    #[must_use]
    pub fn texts(&self, key: &str) -> Option<&[String]> {
        match self.metadata.get(key)? {
            Value::Texts(texts) => Some(texts),
            _ => None,
        }
    }

    #[must_use]
    pub fn integers(&self, key: &str) -> Option<&[i64]> {
        match self.metadata.get(key)? {
            Value::Integers(values) => Some(values),
            _ => None,
        }
    }

    #[must_use]
    pub fn flag(&self, key: &str) -> Option<bool> {
        match self.metadata.get(key)? {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Family of the model: `llama`, `qwen2`, ...
    #[must_use]
    pub fn architecture(&self) -> &str {
        self.text("general.architecture").unwrap_or("unnamed")
    }

    /// Number of weights.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        self.tensors.values().map(|tensor| tensor.elements() as u64).sum()
    }

    /// The quantisation that holds most weights of matrices.
    #[must_use]
    pub fn main_kind(&self) -> Option<GgmlDType> {
        let mut weights: Vec<(GgmlDType, usize)> = Vec::new();
        for tensor in self.tensors.values().filter(|tensor| tensor.shape.len() > 1) {
            match weights.iter_mut().find(|(kind, _)| *kind == tensor.kind) {
                Some((_, elements)) => *elements += tensor.elements(),
                None => weights.push((tensor.kind, tensor.elements())),
            }
        }
        weights.into_iter().max_by_key(|(_, elements)| *elements).map(|(kind, _)| kind)
    }

    /// The same as ggml names it: `Q4_1`.
    #[must_use]
    pub fn quantisation(&self) -> String {
        self.main_kind().map_or_else(|| "none".into(), |kind| format!("{kind:?}"))
    }

    /// That there is no memory for its weights.
    pub(super) fn too_large(&self) -> GgufError {
        GgufError::TooLarge { path: self.path.clone() }
    }

    /// That a tensor cannot be decoded.
    pub(super) fn broken(&self, tensor: &str, error: &candle_core::Error) -> GgufError {
        broken(&self.path, format!("tensor {tensor}: {error}"))
    }

    /// Reads one tensor, which must have this shape, from `file`.
    ///
    /// # Errors
    /// There is no such tensor, it has another shape, or the file has been cut meanwhile.
    pub fn tensor(&self, file: &mut File, name: &str, shape: &[usize]) -> Result<QTensor, GgufError> {
        let info =
            self.tensors.get(name).ok_or_else(|| broken(&self.path, format!("it has no tensor {name}")))?;
        if info.shape != shape {
            return Err(broken(
                &self.path,
                format!("tensor {name} has shape {:?} where its metadata ask for {shape:?}", info.shape),
            ));
        }
        let io = |source| GgufError::Io { path: self.path.clone(), source };
        let mut bytes = filled(0, info.bytes).map_err(|_| self.too_large())?;
        file.seek(SeekFrom::Start(info.start)).map_err(io)?;
        file.read_exact(&mut bytes).map_err(io)?;
        ggml_file::qtensor_from_ggml(info.kind, &bytes, shape.to_vec(), &Device::Cpu)
            .map_err(|error| self.broken(name, &error))
    }
}

fn broken(path: &Path, what: String) -> GgufError {
    GgufError::Broken { path: path.to_owned(), what }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub mod tiny;
