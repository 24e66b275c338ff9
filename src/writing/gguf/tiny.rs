//! A model file of a few kilobytes with weights by chance: for tests.

#![expect(clippy::missing_panics_doc, reason = "it makes files for tests, which may panic")]

use std::path::PathBuf;

/// Width of the states.
const WIDTH: usize = 32;
const HIDDEN: usize = 64;

/// Special tokens, then one token per byte, then some longer ones.
#[must_use]
pub fn tokens() -> Vec<String> {
    let mut tokens: Vec<String> = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"].map(String::from).into();
    let mut next = 256;
    for byte in 0..=255_u8 {
        let code = if matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF) {
            u32::from(byte)
        } else {
            next += 1;
            next - 1
        };
        tokens.push(char::from_u32(code).unwrap().into());
    }
    // Ġ is a space, Ċ a line feed, ä½ł the first two characters of 你好.
    let longer = [
        "Ġthe",
        "Ġfree",
        "ĠSAVE",
        "SAVE",
        "50%",
        "Ġ20",
        ".com",
        "Ġhttp",
        "www",
        "ĊĊ",
        ".Ċ",
        "Ġyou",
        "ä½łå¥½",
        "æĬĺ",
        "Ġdis",
        "count",
        "Ġche",
        "ap",
        "ĠSA",
        "VE",
        "âĤ¬",
        "Ġ$",
        "shop",
        "Ġa",
        "...",
        "!",
        "{first",
        "@",
    ];
    tokens.extend(longer.iter().filter(|token| token.chars().count() > 1).map(ToString::to_string));
    tokens
}

/// A tensor's name, its lengths (columns first), and how far its weights may be from zero; 0 makes all of them one.
type Tensor = (String, Vec<u64>, f32);

/// The file's bytes; each seed has its own weights.
#[must_use]
pub fn bytes(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut weight = move |scale: f32| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f32 / (1 << 24) as f32 - 0.5) * scale
    };
    let tensors = tensors(2, HIDDEN);
    let mut out = head(&tensors, 2, HIDDEN);
    let start = out.len();
    for (_, shape, scale) in &tensors {
        for _ in 0..shape.iter().product::<u64>() {
            let value = if *scale == 0.0 { 1.0 } else { weight(*scale) };
            out.extend(f32::to_le_bytes(value));
        }
        out.resize(start + (out.len() - start).next_multiple_of(32), 0);
    }
    out
}

/// The head of a file whose weights would take more memory than there is, and the file's length.
#[must_use]
pub fn huge() -> (Vec<u8>, u64) {
    let (layers, hidden) = (1000, 1 << 24);
    let tensors = tensors(layers, hidden);
    let head = head(&tensors, layers, hidden);
    let length = head.len() as u64 + tensors.iter().map(size).sum::<u64>();
    (head, length)
}

/// Bytes of a tensor with what fills it up.
fn size((_, shape, _): &Tensor) -> u64 {
    (4 * shape.iter().product::<u64>()).next_multiple_of(32)
}

fn tensors(layers: usize, hidden: usize) -> Vec<Tensor> {
    let mut tensors: Vec<Tensor> = vec![
        ("token_embd.weight".into(), vec![WIDTH as u64, tokens().len() as u64], 3.0),
        ("output_norm.weight".into(), vec![WIDTH as u64], 0.0),
    ];
    for layer in 0..layers {
        for (part, shape) in [
            ("attn_q", vec![WIDTH, WIDTH]),
            ("attn_k", vec![WIDTH, WIDTH]),
            ("attn_v", vec![WIDTH, WIDTH]),
            ("attn_output", vec![WIDTH, WIDTH]),
            ("ffn_gate", vec![WIDTH, hidden]),
            ("ffn_up", vec![WIDTH, hidden]),
            ("ffn_down", vec![hidden, WIDTH]),
            ("attn_norm", vec![WIDTH]),
            ("ffn_norm", vec![WIDTH]),
        ] {
            let scale = if shape.len() == 1 { 0.0 } else { 0.6 };
            let shape = shape.iter().map(|length| *length as u64).collect();
            tensors.push((format!("blk.{layer}.{part}.weight"), shape, scale));
        }
    }
    tensors
}

/// Everything before the weights.
fn head(tensors: &[Tensor], layers: usize, hidden: usize) -> Vec<u8> {
    let tokens = tokens();
    let mut out = Vec::new();
    out.extend(b"GGUF");
    out.extend(3_u32.to_le_bytes());
    out.extend((tensors.len() as u64).to_le_bytes());
    let numbers = [
        ("llama.block_count", layers as u32),
        ("llama.context_length", 256),
        ("llama.embedding_length", WIDTH as u32),
        ("llama.feed_forward_length", hidden as u32),
        ("llama.attention.head_count", 4),
        ("llama.attention.head_count_kv", 4),
        ("tokenizer.ggml.eos_token_id", 2),
        ("tokenizer.ggml.bos_token_id", 1),
    ];
    let texts = [
        ("general.architecture", "llama"),
        ("tokenizer.ggml.model", "gpt2"),
        ("tokenizer.ggml.pre", "smollm"),
    ];
    out.extend((numbers.len() as u64 + texts.len() as u64 + 3).to_le_bytes());
    for (key, value) in texts {
        text(&mut out, key);
        out.extend(8_u32.to_le_bytes());
        text(&mut out, value);
    }
    for (key, value) in numbers {
        text(&mut out, key);
        out.extend(4_u32.to_le_bytes());
        out.extend(value.to_le_bytes());
    }
    text(&mut out, "tokenizer.ggml.tokens");
    out.extend([9_u32.to_le_bytes(), 8_u32.to_le_bytes()].concat());
    out.extend((tokens.len() as u64).to_le_bytes());
    for token in &tokens {
        text(&mut out, token);
    }
    text(&mut out, "tokenizer.ggml.merges");
    out.extend([9_u32.to_le_bytes(), 8_u32.to_le_bytes()].concat());
    out.extend(0_u64.to_le_bytes());
    text(&mut out, "tokenizer.ggml.token_type");
    out.extend([9_u32.to_le_bytes(), 5_u32.to_le_bytes()].concat());
    out.extend((tokens.len() as u64).to_le_bytes());
    for id in 0..tokens.len() {
        out.extend((if id < 3 { 3_i32 } else { 1 }).to_le_bytes());
    }
    let mut start = 0;
    for tensor in tensors {
        let (name, shape, _) = tensor;
        text(&mut out, name);
        out.extend((shape.len() as u32).to_le_bytes());
        for length in shape {
            out.extend(length.to_le_bytes());
        }
        out.extend(0_u32.to_le_bytes());
        out.extend(u64::to_le_bytes(start));
        start += size(tensor);
    }
    out.resize(out.len().next_multiple_of(32), 0);
    out
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

/// The file in a folder that lives as long as the first value.
#[must_use]
pub fn file(seed: u64) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    std::fs::write(&path, bytes(seed)).unwrap();
    (folder, path)
}
