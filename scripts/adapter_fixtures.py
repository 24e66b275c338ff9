#!/usr/bin/env python3
"""Makes the tests' adapters with PEFT, and what transformers and PEFT say with them.

    pip install torch transformers peft gguf
    python scripts/adapter_fixtures.py tests/it/data/models tests/it/data/adapters

For each of some tiny models: the weights of its GGUF file in a transformers model, a LoRA by chance in PEFT's own form, and
a JSON file with the log-probability of each token of some texts, without the adapter and with it.
"""

import argparse
import json
import os

import gguf
import numpy as np
import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model

ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
# Name, the tiny model, its family, settings of the LoRA, kind of number in the file.
CASES = [
    ("all", "llama", "llama", {"r": 4, "lora_alpha": 6, "target_modules": ALL}, torch.float32),
    ("half", "llama-q8_0", "llama", {"r": 8, "lora_alpha": 16, "target_modules": ALL}, torch.float16),
    ("root", "llama", "llama", {"r": 3, "lora_alpha": 2, "use_rslora": True, "target_modules": ["q_proj", "k_proj"]}, torch.bfloat16),
    ("qwen", "qwen3", "qwen3", {"r": 2, "lora_alpha": 4, "target_modules": ALL}, torch.float32),
]


def value(reader, key):
    field = reader.fields[key]
    return field.parts[field.data[0]][0].item()


def model_of(path, arch):
    """The weights of a tiny file, as transformers has them."""
    reader = gguf.GGUFReader(path)
    get = lambda key: value(reader, f"{arch}.{key}")
    tokens = len(reader.fields["tokenizer.ggml.tokens"].data)
    heads, kv_heads = get("attention.head_count"), get("attention.head_count_kv")
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    config = {
        "vocab_size": tokens, "hidden_size": get("embedding_length"), "intermediate_size": get("feed_forward_length"),
        "num_hidden_layers": get("block_count"), "num_attention_heads": heads, "num_key_value_heads": kv_heads,
        "max_position_embeddings": get("context_length"), "rms_norm_eps": get("attention.layer_norm_rms_epsilon"),
        "rope_parameters": {"rope_type": "default", "rope_theta": get("rope.freq_base")},
        "tie_word_embeddings": "output.weight" not in tensors,
    }
    if arch == "qwen3":
        config["head_dim"] = get("attention.key_length")
        model = transformers.Qwen3ForCausalLM(transformers.Qwen3Config(**config))
    else:
        model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**config))
    kind = next(key for key, name in gguf.MODEL_ARCH_NAMES.items() if name == arch)
    names = gguf.get_tensor_name_map(kind, config["num_hidden_layers"])
    with torch.no_grad():
        for name, weight in model.state_dict().items():
            if name == "lm_head.weight" and config["tie_word_embeddings"]:
                continue
            tensor = tensors[names.get_name(name, try_suffixes=(".weight",))]
            data = gguf.quants.dequantize(tensor.data, tensor.tensor_type).reshape(weight.shape)
            for part, count in {"q_proj": heads, "k_proj": kv_heads}.items():
                if arch == "llama" and part in name:
                    # llama.cpp's converter lets the halves of a head take turns.
                    shape = data.shape
                    data = data.reshape(count, shape[0] // count // 2, 2, *shape[1:]).swapaxes(1, 2).reshape(shape)
            weight.copy_(torch.from_numpy(np.ascontiguousarray(data)))
    return model.eval()


def log_probabilities(model, ids):
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0].double()
    logs = torch.log_softmax(logits, -1)
    return [float("%.6g" % float(logs[at, ids[at + 1]])) for at in range(len(ids) - 1)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models")
    parser.add_argument("out")
    args = parser.parse_args()
    for name, file, arch, settings, kind in CASES:
        random = torch.Generator().manual_seed(sum(map(ord, name)))
        model = model_of(os.path.join(args.models, f"{file}.gguf"), arch)
        vocabulary = model.config.vocab_size
        texts = [torch.randint(3, vocabulary, (length,), generator=random).tolist() for length in (40, 25, 9)]
        plain = [log_probabilities(model, ids) for ids in texts]
        tuned = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **settings))
        with torch.no_grad():
            for part, weight in tuned.named_parameters():
                if "lora_" in part:
                    spread = 1.0 / weight.shape[1] ** 0.5 if "lora_A" in part else 0.15
                    noise = torch.randn(weight.shape, generator=random) * spread
                    weight.copy_(noise.to(kind).float())
        folder = os.path.join(args.out, name)
        os.makedirs(folder, exist_ok=True)
        if kind != torch.float32:
            tuned = tuned.to(kind)
        tuned.save_pretrained(folder)
        for extra in ("README.md",):
            if os.path.exists(os.path.join(folder, extra)):
                os.remove(os.path.join(folder, extra))
        # What is measured is what was stored.
        tuned = PeftModel.from_pretrained(model_of(os.path.join(args.models, f"{file}.gguf"), arch), folder).float().eval()
        beside = [log_probabilities(tuned, ids) for ids in texts]
        off = max(abs(a - b) for one, other in zip(plain, beside) for a, b in zip(one, other))
        print(f"{name}: the adapter moves log-probabilities by up to {off:.2f}")
        cases = [{"ids": ids, "plain": one, "beside": other} for ids, one, other in zip(texts, plain, beside)]
        with open(os.path.join(args.out, f"{name}.json"), "w", encoding="utf-8") as out:
            json.dump({"model": file, "texts": cases}, out)
            out.write("\n")


if __name__ == "__main__":
    main()
