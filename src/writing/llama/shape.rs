//! The sizes of a model, read from its file and checked against what can be run.

use crate::writing::gguf::Gguf;
use crate::writing::kernels::BLOCK;

/// Positions that rotations are prepared for, whatever the file says.
const LONGEST_CONTEXT: usize = 8192;

/// Sizes from the metadata, checked against each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    pub layers: usize,
    pub width: usize,
    pub hidden: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub head_width: usize,
    pub vocabulary: usize,
    pub context: usize,
    pub rope_base: f64,
    pub epsilon: f32,
}

impl Shape {
    /// The sizes of a `llama` file that the kernels can run.
    ///
    /// # Errors
    /// As [`Self::of_file`], or rows that are no whole blocks.
    pub fn from_gguf(gguf: &Gguf) -> Result<Self, String> {
        let shape = Self::of_file(gguf)?;
        let blocks =
            [shape.width, shape.hidden, shape.kv_width()].iter().all(|row| row.is_multiple_of(BLOCK));
        if blocks { Ok(shape) } else { Err(shape.misfit()) }
    }

    /// Reads the sizes of a `llama` file.
    ///
    /// # Errors
    /// Another family, a size missing, or sizes that cannot be.
    pub fn of_file(gguf: &Gguf) -> Result<Self, String> {
        let architecture = gguf.architecture();
        if architecture != "llama" {
            return Err(format!("its architecture is \"{architecture}\"; only \"llama\" can be run so far"));
        }
        let size = |key: &str| {
            gguf.count(&format!("llama.{key}"))
                .filter(|size| (1..=1 << 24).contains(size))
                .ok_or_else(|| format!("its metadata have no usable llama.{key}"))
        };
        if gguf.count("llama.expert_count").is_some_and(|experts| experts > 1) {
            return Err("it is a mixture of experts, which cannot be run so far".into());
        }
        if gguf.text("llama.rope.scaling.type").is_some_and(|kind| kind != "none") {
            return Err("it stretches its positions (rope scaling), which cannot be run so far".into());
        }
        let (width, heads) = (size("embedding_length")?, size("attention.head_count")?);
        let shape = Self {
            layers: size("block_count")?,
            width,
            hidden: size("feed_forward_length")?,
            heads,
            kv_heads: size("attention.head_count_kv").unwrap_or(heads),
            head_width: width / heads,
            vocabulary: gguf.texts("tokenizer.ggml.tokens").map_or(0, <[_]>::len),
            context: size("context_length")?.min(LONGEST_CONTEXT),
            rope_base: gguf.number("llama.rope.freq_base").unwrap_or(10_000.0),
            epsilon: gguf.number("llama.attention.layer_norm_rms_epsilon").unwrap_or(1e-5) as f32,
        };
        if shape.layers > gguf.tensors.len() {
            return Err(format!(
                "it announces {} layers, but has {} tensors",
                shape.layers,
                gguf.tensors.len()
            ));
        }
        let fits = shape.width.is_multiple_of(shape.heads)
            && shape.heads.is_multiple_of(shape.kv_heads)
            && shape.head_width.is_multiple_of(2)
            && gguf.count("llama.rope.dimension_count").is_none_or(|turned| turned == shape.head_width)
            && shape.rope_base.is_finite()
            && shape.rope_base > 1.0;
        if fits { Ok(shape) } else { Err(shape.misfit()) }
    }

    fn misfit(&self) -> String {
        format!("its sizes do not fit each other: {self:?}")
    }

    /// Bytes of the keys and values of one position.
    pub(in crate::writing) fn bytes_per_position(&self) -> u64 {
        (self.layers as u64).saturating_mul(self.kv_width() as u64 * 8)
    }

    /// Bytes of the table of rotations.
    pub(in crate::writing) fn rotation_bytes(&self) -> u64 {
        (self.context as u64).saturating_mul(self.head_width as u64 * 4)
    }

    pub(super) fn kv_width(&self) -> usize {
        self.kv_heads * self.head_width
    }
}
