#!/usr/bin/env python3
"""Compares the writing engine with llama.cpp on the same model file.

    pip install llama-cpp-python
    python scripts/compare_llama_cpp.py MODEL.gguf --write tests/it/writing/llama_cpp.json
    python scripts/compare_llama_cpp.py MODEL.gguf --speed [--perennial target/release/perennial]

The first command freezes what llama.cpp does: how it cuts texts into tokens, what it writes greedily, and
the log-probability of each token. The integration tests hold our engine against that file. The second
measures both programs one after the other: 256 tokens of prompt, 64 steps, 1 and 5 sequences.
"""

import argparse
import json
import subprocess
import time

import llama_cpp
import numpy as np

TEXTS = [
    "Hello 123 world",
    "We've missed you, Anna! It's been 45 days...",
    "  two  spaces,\ttab\n\nand lines\r\n  end ",
    "你好，世界！好久不见，欢迎回来。",
    "混合 mixed 文本 with 数字 2025年3月 and ￥199.00",
    "emoji 🌱👩‍🌾🇨🇳 and é è ñ ü ß",
    "fn main() { println!(\"{:>8.2}\", x[3..=7]); } // 100%",
    "https://shop.example/a?b=c&d=%20#e user@example.com",
    "SAVE20NOW ½ Ⅷ ٣ १२३ １２",
    "don't DON'T we'll they'd I'm you've",
    "<|im_start|>user is only text here<|im_end|>",
    "zero\u200bwidth \u202eturned\u202c é combining",
    "",
    " ",
    "a",
]

PROMPTS = [
    "<|im_start|>system\nYou write short lines for a shop.<|im_end|>\n<|im_start|>user\n"
    "Write one warm sentence about ceramics.<|im_end|>\n<|im_start|>assistant\n",
    "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
    "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n",
    "The quick brown fox jumps over the lazy dog. Once upon a time, in a small village by the sea,",
    "用一句温和的话告诉顾客店里有新变化。",
]
STEPS = 40


def open_model(path, **options):
    return llama_cpp.Llama(path, verbose=False, n_threads=2, n_threads_batch=2, **options)


def log_softmax(row):
    row = row.astype(np.float64)
    row = row - row.max()
    return row - np.log(np.exp(row).sum())


def freeze(path, out):
    model = open_model(path, n_ctx=1024, logits_all=True)
    tokens = [
        {"text": text, "ids": model.tokenize(text.encode(), add_bos=False, special=False)} for text in TEXTS
    ]
    greedy = []
    for prompt in PROMPTS:
        ids = model.tokenize(prompt.encode(), add_bos=False, special=True)
        model.reset()
        model.eval(ids)
        written = []
        for _ in range(STEPS):
            token = int(np.argmax(model.scores[model.n_tokens - 1]))
            written.append(token)
            model.eval([token])
        everything = ids + written
        logs = [log_softmax(model.scores[at]) for at in range(len(everything))]
        second = [float(np.partition(row, -2)[-2]) for row in logs]
        greedy.append(
            {
                "prompt": prompt,
                "ids": ids,
                "written": written,
                # Of each token after the first, given those before.
                "log_probabilities": [
                    round(float(logs[at][everything[at + 1]]), 5) for at in range(len(everything) - 1)
                ],
                # How far the likeliest was ahead of the second: near 0 either may be chosen.
                "margins": [round(float(row.max()) - other, 5) for row, other in zip(logs, second)],
            }
        )
    frozen = {"llama_cpp_python": llama_cpp.__version__, "tokens": tokens, "greedy": greedy}
    with open(out, "w", encoding="utf-8") as file:
        json.dump(frozen, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")
    print(f"{out}: {len(tokens)} texts, {len(greedy)} prompts of {STEPS} steps")


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def decode_batch(path, prompt, lanes, steps):
    """Tokens per second of `lanes` sequences that share one prompt, through the C interface."""
    lib = llama_cpp
    model = open_model(path, n_ctx=64)
    parameters = lib.llama_context_default_params()
    parameters.n_ctx = (len(prompt) + steps) * lanes + 64
    parameters.n_batch = parameters.n_ubatch = 512
    parameters.n_seq_max = lanes
    parameters.n_threads = parameters.n_threads_batch = 2
    # One cache for all sequences, as ours: without it the room is divided by their number.
    parameters.kv_unified = True
    context = lib.llama_init_from_model(model.model, parameters)
    memory = lib.llama_get_memory(context)
    batch = lib.llama_batch_init(512, 0, lanes)

    def fill(entries):
        batch.n_tokens = len(entries)
        for at, (token, position, sequences) in enumerate(entries):
            batch.token[at], batch.pos[at] = token, position
            batch.n_seq_id[at], batch.logits[at] = len(sequences), 1
            for index, sequence in enumerate(sequences):
                batch.seq_id[at][index] = sequence
        assert lib.llama_decode(context, batch) == 0

    fill([(token, at, [0]) for at, token in enumerate(prompt)])
    for lane in range(1, lanes):
        lib.llama_memory_seq_cp(memory, 0, lane, -1, -1)

    def run():
        for step in range(steps):
            fill([(200 + step * 31 + lane * 7, len(prompt) + step, [lane]) for lane in range(lanes)])

    rate = lanes * steps / seconds(run)
    lib.llama_batch_free(batch)
    lib.llama_free(context)
    return rate


def speed(path, perennial):
    prompt = [100 + i * 131 % (49152 - 200) for i in range(256)]
    model = open_model(path, n_ctx=512, n_batch=512)
    rates = []
    for _ in range(3):
        model.reset()
        rates.append(256 / seconds(lambda: model.eval(prompt)))
    print(f"llama.cpp  prefill {sorted(rates)[1]:.0f} tokens/s")
    for lanes in (1, 2, 5, 8, 16):
        rates = sorted(decode_batch(path, prompt, lanes, 64) for _ in range(3))
        print(f"llama.cpp  {lanes} at once {rates[1]:.0f} tokens/s")
    if perennial:
        done = subprocess.run([perennial, "model", "bench", path], check=True, capture_output=True, text=True)
        print(done.stdout, end="")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--write", metavar="FILE")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--perennial", metavar="PROGRAM")
    arguments = parser.parse_args()
    if arguments.write:
        freeze(arguments.model, arguments.write)
    if arguments.speed:
        speed(arguments.model, arguments.perennial)


if __name__ == "__main__":
    main()
