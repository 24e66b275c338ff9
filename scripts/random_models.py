#!/usr/bin/env python3
"""Makes models of each family with weights by chance, large enough to measure how fast they run.

    pip install gguf numpy
    python scripts/random_models.py target/random-models [--family FAMILY] [--kind KIND]

100 to 200 MB each. The blocks of a quantisation are filled with random codes under scales that keep the states of a layer
at one size; what such a model says means nothing. `q4_k_m` mixes Q4_K and Q6_K as llama.cpp does.
`cargo bench --profile release --bench families` runs them.
"""

import argparse
import os

import gguf
import numpy as np

WIDTH, HIDDEN, LAYERS, HEADS, KV_HEADS, VOCABULARY, CONTEXT = 1024, 2816, 12, 16, 4, 32000, 1024
HEAD = WIDTH // HEADS
KINDS = {"q4_0": "Q4_0", "q4_k_m": "Q4_K", "q8_0": "Q8_0"}
PLAIN = {"f16": "F16"}


def blocks(random, kind, rows, columns):
    """The bytes of a tensor whose numbers are about as large as 1 / sqrt(columns)."""
    if kind == "F16":
        return (random.standard_normal((rows, columns), np.float32) / columns**0.5).astype(np.float16)
    block, size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[kind]]
    data = random.integers(0, 256, (rows, columns // block, size), dtype=np.uint8)
    half = lambda number: np.frombuffer(np.float16(number).tobytes(), np.uint8)
    # What the codes are away from their middle, on average.
    spread = {"Q4_0": 4.6, "Q8_0": 74.0, "Q4_K": 4.6 * 32, "Q6_K": 18.5 * 32}[kind] * columns**0.5
    if kind == "Q6_K":
        data[..., 192:208] = 32
        data[..., 208:210] = half(1 / spread)
    else:
        data[..., 0:2] = half(1 / spread)
    if kind == "Q4_K":
        data[..., 2:4] = half(7.5 / spread)
        # Factors of 32 for all scales and offsets.
        data[..., 4:12] = 0xA0
        data[..., 12:16] = 0
    return data.reshape(rows, -1)


def write(path, family, kind, random):
    writer = gguf.GGUFWriter(path, family)
    writer.add_name("random")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_head_count(HEADS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_vocab_size(VOCABULARY)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10000.0)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([f"t{token}" for token in range(VOCABULARY)])
    attends = [family != "lfm2" or layer % 3 == 2 for layer in range(LAYERS)]
    kv_heads = HEADS if family == "phi3" else KV_HEADS
    writer.add_head_count_kv([kv_heads if one else 0 for one in attends] if family == "lfm2" else kv_heads)
    if family in ("llama", "phi3"):
        writer.add_rope_dimension_count(HEAD)
    if family in ("qwen3", "gemma3"):
        writer.add_key_length(HEAD)
        writer.add_value_length(HEAD)
    if family == "gemma3":
        writer.add_sliding_window(512)
    if family == "lfm2":
        writer.add_shortconv_l_cache(3)

    def matrix(name, rows, columns, more=False):
        one = "Q6_K" if more and kind == "q4_k_m" else {**KINDS, **PLAIN}[kind]
        data = blocks(random, one, rows, columns)
        writer.add_tensor(name, data, raw_dtype=gguf.GGMLQuantizationType[one])

    def numbers(name, count):
        writer.add_tensor(name, np.ones(count, np.float32) if "norm" in name else np.zeros(count, np.float32))

    matrix("token_embd.weight", VOCABULARY, WIDTH, more=True)
    if family == "phi3":
        # Its implementation in candle-transformers knows no output that is the embedding.
        matrix("output.weight", VOCABULARY, WIDTH, more=True)
    numbers("token_embd_norm.weight" if family == "lfm2" else "output_norm.weight", WIDTH)
    for layer in range(LAYERS):
        name = lambda part: f"blk.{layer}.{part}.weight"
        keys = kv_heads * HEAD
        # llama.cpp gives half of these the larger kind.
        more = layer % 2 == 0
        numbers(name("attn_norm"), WIDTH)
        numbers(name("ffn_norm"), WIDTH)
        if not attends[layer]:
            matrix(name("shortconv.in_proj"), 3 * WIDTH, WIDTH)
            matrix(name("shortconv.out_proj"), WIDTH, WIDTH)
            kernel = random.standard_normal((WIDTH, 3), dtype=np.float32)
            writer.add_tensor(name("shortconv.conv"), kernel)
        else:
            if family == "phi3":
                matrix(name("attn_qkv"), WIDTH + 2 * keys, WIDTH)
            else:
                matrix(name("attn_q"), WIDTH, WIDTH)
                matrix(name("attn_k"), keys, WIDTH)
                matrix(name("attn_v"), keys, WIDTH, more)
            if family == "qwen2":
                for part, rows in [("attn_q", WIDTH), ("attn_k", keys), ("attn_v", keys)]:
                    numbers(f"blk.{layer}.{part}.bias", rows)
            if family in ("qwen3", "gemma3", "lfm2"):
                numbers(name("attn_q_norm"), HEAD)
                numbers(name("attn_k_norm"), HEAD)
            matrix(name("attn_output"), WIDTH, WIDTH)
        if family == "gemma3":
            numbers(name("post_attention_norm"), WIDTH)
            numbers(name("post_ffw_norm"), WIDTH)
        if family == "phi3":
            matrix(name("ffn_up"), 2 * HIDDEN, WIDTH)
        else:
            matrix(name("ffn_gate"), HIDDEN, WIDTH)
            matrix(name("ffn_up"), HIDDEN, WIDTH)
        matrix(name("ffn_down"), WIDTH, HIDDEN, more)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    families = ["llama", "qwen2", "qwen3", "gemma3", "phi3", "lfm2"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--family", choices=families)
    parser.add_argument("--kind", choices={**KINDS, **PLAIN}, help="without it all but f16, which takes 350 MB")
    arguments = parser.parse_args()
    os.makedirs(arguments.out, exist_ok=True)
    for family in [arguments.family] if arguments.family else families:
        for kind in [arguments.kind] if arguments.kind else KINDS:
            path = os.path.join(arguments.out, f"{family}-{kind}.gguf")
            write(path, family, kind, np.random.default_rng(1))
            print(f"{path}: {os.path.getsize(path) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
