//! Parses the head of a GGUF file: metadata and the list of tensors.
//!
//! In: bytes that nobody vouches for, and how many there are. Out: what they say, or in words what is wrong with them.
//! Every count is held against the bytes that are left before memory is asked for.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

use candle_core::quantized::GgmlDType;

use super::{Gguf, TensorInfo, Value};

/// Tensors may start only at multiples of this, a power of two.
const LARGEST_ALIGNMENT: u64 = 1 << 20;
/// As in ggml.
const MOST_DIMENSIONS: u32 = 4;
/// A key or a tensor's name is a short word.
const LONGEST_NAME: u64 = 4096;
/// Arrays of arrays exist in no known model.
const DEEPEST_ARRAY: usize = 2;
/// Bytes of the metadata and the list of tensors; the largest vocabularies take some 20 MB.
const LONGEST_HEAD: u64 = 64 << 20;

/// Reads little-endian values and knows how much is left.
pub(super) struct Head<R> {
    source: R,
    at: u64,
    end: u64,
    /// Where the head must have ended.
    longest: u64,
}

impl<R: Read> Head<R> {
    /// The head of a source that is `bytes` long.
    pub(super) fn new(source: R, bytes: u64) -> Self {
        Self { source, at: 0, end: bytes, longest: bytes.min(LONGEST_HEAD) }
    }

    pub(super) fn parse(mut self, path: &Path) -> Result<Gguf, String> {
        if &self.bytes::<4>()? != b"GGUF" {
            return Err("it does not start with GGUF".into());
        }
        let version = self.u32()?;
        if !(2..=3).contains(&version) {
            return Err(format!("its format has version {version}; versions 2 and 3 are known"));
        }
        let tensor_count = self.u64()?;
        let value_count = self.u64()?;
        // Each tensor takes at least 24 bytes here and each value 13.
        self.room(tensor_count, 24, "tensors")?;
        self.room(value_count, 13, "metadata")?;

        let mut metadata = BTreeMap::new();
        for _ in 0..value_count {
            let key = self.name()?;
            let kind = self.u32()?;
            let value = self.value(kind, 0).map_err(|what| format!("metadata {key}: {what}"))?;
            metadata.insert(key, value);
        }
        let mut found = Vec::new();
        for _ in 0..tensor_count {
            found.push(self.tensor_info()?);
        }
        let alignment = match metadata.get("general.alignment") {
            Some(Value::Integer(value)) => u64::try_from(*value).unwrap_or(0),
            _ => 32,
        };
        if !alignment.is_power_of_two() || alignment > LARGEST_ALIGNMENT {
            return Err(format!(
                "its alignment is {alignment}, which is not a power of two up to {LARGEST_ALIGNMENT}"
            ));
        }
        let data = self.at.div_ceil(alignment) * alignment;
        let mut tensors = BTreeMap::new();
        let mut sum = 0_u64;
        for (name, mut info) in found {
            sum = sum.saturating_add(info.bytes as u64);
            info.start = data.saturating_add(info.start);
            let end = info.start.saturating_add(info.bytes as u64);
            if end > self.end {
                return Err(format!(
                    "tensor {name} ends at byte {end}, but the file has {}: it was cut; fetch it again",
                    self.end
                ));
            }
            tensors.insert(name, info);
        }
        // Else a small file could ask for any amount of memory.
        if sum > self.end {
            return Err(format!("its tensors take {sum} bytes, but the file has {}: they overlap", self.end));
        }
        Ok(Gguf { path: path.to_owned(), version, file_bytes: self.end, metadata, tensors, stamp: None })
    }

    fn tensor_info(&mut self) -> Result<(String, TensorInfo), String> {
        let name = self.name()?;
        let dimensions = self.u32()?;
        if dimensions > MOST_DIMENSIONS {
            return Err(format!("tensor {name} has {dimensions} dimensions"));
        }
        let mut shape = Vec::new();
        let mut elements = 1_u64;
        for _ in 0..dimensions {
            let length = self.u64()?;
            elements =
                elements.checked_mul(length).ok_or_else(|| format!("tensor {name} is impossibly large"))?;
            shape.push(usize::try_from(length).map_err(|_| format!("tensor {name} is impossibly large"))?);
        }
        shape.reverse();
        let kind_number = self.u32()?;
        let kind = kind_of(kind_number).ok_or_else(|| {
            format!("tensor {name} has quantisation number {kind_number}, which is not known here")
        })?;
        let columns = shape.last().copied().unwrap_or(1);
        if !columns.is_multiple_of(kind.block_size()) {
            return Err(format!(
                "tensor {name} has rows of {columns}, not a multiple of {}",
                kind.block_size()
            ));
        }
        let bytes = (elements / kind.block_size() as u64)
            .checked_mul(kind.type_size() as u64)
            .filter(|bytes| *bytes <= self.end)
            .and_then(|bytes| usize::try_from(bytes).ok())
            .ok_or_else(|| format!("tensor {name} is larger than the file: it was cut; fetch it again"))?;
        let start = self.u64()?;
        Ok((name, TensorInfo { shape, kind, start, bytes }))
    }

    fn value(&mut self, kind: u32, depth: usize) -> Result<Value, String> {
        Ok(match kind {
            4 | 5 | 10 | 11 | 0..=3 => Value::Integer(self.integer(kind)?),
            6 => Value::Float(f64::from(f32::from_le_bytes(self.bytes()?))),
            7 => Value::Bool(self.bytes::<1>()?[0] != 0),
            8 => Value::Text(self.text(self.end)?),
            9 => self.array(depth)?,
            12 => Value::Float(f64::from_le_bytes(self.bytes()?)),
            _ => return Err(format!("value of kind {kind}, which is not known")),
        })
    }

    fn array(&mut self, depth: usize) -> Result<Value, String> {
        if depth >= DEEPEST_ARRAY {
            return Err("arrays inside arrays inside arrays".into());
        }
        let kind = self.u32()?;
        let count = self.u64()?;
        let smallest = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            8 | 10..=12 => 8,
            9 => 12,
            _ => return Err(format!("array of kind {kind}, which is not known")),
        };
        self.room(count, smallest, "elements")?;
        let mut texts = Vec::new();
        let mut integers = Vec::new();
        let mut floats = Vec::new();
        for _ in 0..count {
            match kind {
                8 => texts.push(self.text(self.end)?),
                6 => floats.push(f32::from_le_bytes(self.bytes()?)),
                2..=5 | 10 | 11 => integers.push(self.integer(kind)? as i64),
                _ => {
                    self.value(kind, depth + 1)?;
                }
            }
        }
        Ok(match kind {
            8 => Value::Texts(texts),
            6 => Value::Floats(floats),
            2..=5 | 10 | 11 => Value::Integers(integers),
            _ => Value::Other(count),
        })
    }

    fn integer(&mut self, kind: u32) -> Result<i128, String> {
        Ok(match kind {
            0 => i128::from(self.bytes::<1>()?[0]),
            1 => i128::from(i8::from_le_bytes(self.bytes()?)),
            2 => i128::from(u16::from_le_bytes(self.bytes()?)),
            3 => i128::from(i16::from_le_bytes(self.bytes()?)),
            4 => i128::from(self.u32()?),
            5 => i128::from(i32::from_le_bytes(self.bytes()?)),
            10 => i128::from(self.u64()?),
            _ => i128::from(i64::from_le_bytes(self.bytes()?)),
        })
    }

    fn name(&mut self) -> Result<String, String> {
        self.text(LONGEST_NAME)
    }

    fn text(&mut self, longest: u64) -> Result<String, String> {
        let length = self.u64()?;
        if length > longest {
            return Err(format!("a text of {length} bytes where at most {longest} can be"));
        }
        self.room(length, 1, "bytes of text")?;
        let mut bytes = vec![0; length as usize];
        self.fill(&mut bytes)?;
        String::from_utf8(bytes).map_err(|_| "a text that is not UTF-8".into())
    }

    /// Whether `count` things of at least `each` bytes can still come.
    fn room(&self, count: u64, each: u64, what: &str) -> Result<(), String> {
        let left = self.end.saturating_sub(self.at);
        let needed = count.checked_mul(each);
        if needed.is_some_and(|needed| needed <= self.longest.saturating_sub(self.at)) {
            return Ok(());
        }
        if needed.is_some_and(|needed| needed <= left) {
            return Err(format!(
                "it announces {count} {what}, more than the {LONGEST_HEAD} bytes that a head may take"
            ));
        }
        Err(format!(
            "it announces {count} {what}, but only {left} bytes are left: it was cut; fetch it again"
        ))
    }

    fn u32(&mut self) -> Result<u32, String> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, String> {
        self.bytes().map(u64::from_le_bytes)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), String> {
        self.source.read_exact(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                format!("it ends after {} bytes: it was cut; fetch it again", self.at)
            }
            _ => error.to_string(),
        })?;
        self.at += bytes.len() as u64;
        Ok(())
    }
}

/// Numbers of ggml's types, for those that candle reads.
fn kind_of(number: u32) -> Option<GgmlDType> {
    Some(match number {
        0 => GgmlDType::F32,
        1 => GgmlDType::F16,
        2 => GgmlDType::Q4_0,
        3 => GgmlDType::Q4_1,
        6 => GgmlDType::Q5_0,
        7 => GgmlDType::Q5_1,
        8 => GgmlDType::Q8_0,
        10 => GgmlDType::Q2K,
        11 => GgmlDType::Q3K,
        12 => GgmlDType::Q4K,
        13 => GgmlDType::Q5K,
        14 => GgmlDType::Q6K,
        30 => GgmlDType::BF16,
        _ => return None,
    })
}
