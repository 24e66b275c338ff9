#!/usr/bin/env python3
"""Makes what PyTorch and PEFT say of tiny models with adapters, for the tests of `tuning`.

    pip install torch transformers peft gguf safetensors
    python scripts/tuning_fixtures.py tests/it/data [--check PROGRAM]

For each tiny llama of `models/` a folder in `tuning/`: an adapter by chance as PEFT saves it, `batch.json` with texts in
tokens, their loss and some logits, and `gradients.safetensors` with the gradient of each matrix. `--check` has the program
train one and loads it with PEFT.
"""

import argparse
import json
import os
import subprocess
import tempfile

import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file

MODELS = ["llama", "llama-pieces", "llama-q4_k"]


def load(models, name):
    return transformers.AutoModelForCausalLM.from_pretrained(models, gguf_file=f"{name}.gguf", dtype=torch.float32)


def texts(vocabulary):
    """Of different lengths, with prompts and weights."""
    random = torch.Generator().manual_seed(11)
    draw = lambda count: torch.randint(3, vocabulary, (count,), generator=random).tolist()
    return [
        {"tokens": draw(length), "prompt": prompt, "weight": weight}
        for length, prompt, weight in [(19, 8, 1.0), (7, 3, 0.5), (33, 21, 2.0), (2, 1, 1.0), (12, 11, 1.0)]
    ]


def run(model, batch):
    """Each text by itself, so that nothing is filled up. Loss: mean over tokens, each times its weight."""
    total = sum(text["weight"] * (len(text["tokens"]) - text["prompt"]) for text in batch)
    loss, rows = 0.0, []
    for text in batch:
        ids = torch.tensor([text["tokens"]])
        logits = model(input_ids=ids[:, :-1]).logits[0, text["prompt"] - 1 :]
        losses = torch.nn.functional.cross_entropy(logits, ids[0, text["prompt"] :], reduction="sum")
        loss = loss + losses * text["weight"] / total
        rows.append(logits)
    return loss, torch.cat(rows)


def make(models, out, name):
    torch.manual_seed(5)
    base = load(models, name)
    config = LoraConfig(
        r=3, lora_alpha=7, lora_dropout=0.0, task_type="CAUSAL_LM",
        target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
    )
    model = get_peft_model(base, config)
    with torch.no_grad():
        for weight_name, weight in model.named_parameters():
            if "lora_B" in weight_name:
                weight.copy_(0.3 * torch.randn(weight.shape))
    batch = texts(base.config.vocab_size)
    loss, logits = run(model, batch)
    loss.backward()
    folder = os.path.join(out, name)
    model.save_pretrained(folder)
    if os.path.exists(os.path.join(folder, "README.md")):
        os.remove(os.path.join(folder, "README.md"))
    gradients = {
        weight_name.replace(".default", ""): weight.grad.contiguous()
        for weight_name, weight in model.named_parameters()
        if weight.grad is not None
    }
    # Not where this was made, and not in the order of a set.
    path = os.path.join(folder, "adapter_config.json")
    with open(path, encoding="utf-8") as file:
        saved = json.load(file)
    saved["base_model_name_or_path"], saved["target_modules"] = name, sorted(saved["target_modules"])
    with open(path, "w", encoding="utf-8") as file:
        json.dump(saved, file, indent=2, sort_keys=True)
    save_file(gradients, os.path.join(folder, "gradients.safetensors"))
    last = [[float("%.8g" % number) for number in row] for row in logits[[0, 10, -1]].tolist()]
    document = {
        "made_by": f"torch {torch.__version__}, transformers {transformers.__version__}",
        "texts": batch, "loss": loss.item(), "rows": [0, 10, len(logits) - 1], "logits": last,
    }
    with open(os.path.join(folder, "batch.json"), "w", encoding="utf-8") as file:
        json.dump(document, file, separators=(",", ":"))
    print(f"{name}: loss {loss.item():.6f}, {len(gradients)} gradients")


def check(models, program):
    """PEFT loads what the program writes, and says the same of it."""
    with tempfile.TemporaryDirectory() as home:
        examples = os.path.join(home, "examples.jsonl")
        with open(examples, "w", encoding="utf-8") as file:
            for number in range(12):
                example = {"prompt": f"we miss you {number}:", "text": " come back to the garden", "pattern": number}
                file.write(json.dumps(example) + "\n")
        for name in ["llama", "llama-q4_k"]:
            out, trace = os.path.join(home, name), os.path.join(home, "trace.json")
            command = [
                program, "tune", "--model", os.path.join(models, f"{name}.gguf"), "--examples", examples, "--out", out,
                "--steps", "30", "--rate", "0.01", "--held-out", "0.2", "--evaluate-every", "10", "--trace", trace, "--json",
            ]
            told = json.loads(subprocess.run(command, check=True, capture_output=True, env={**os.environ, "HOME": home}).stdout)
            begun = PeftModel.from_pretrained(load(models, name), os.path.join(home, "begin"))
            steps = json.load(open(trace, encoding="utf-8"))["steps"]
            first = run(begun, steps[0]["texts"])[0].item()
            assert abs(first - steps[0]["loss"]) < 1e-4 * first, (first, steps[0]["loss"])
            ours = load_file(os.path.join(out, "adapter_model.safetensors"))
            model = PeftModel.from_pretrained(load(models, name), out)
            theirs = {key.replace(".default", ""): weight for key, weight in model.named_parameters() if "lora_" in key}
            assert ours.keys() == theirs.keys()
            assert all(torch.equal(ours[key].float(), theirs[key].float()) for key in ours)
            after = run(model, steps[0]["texts"])[0].item()
            assert after < 0.8 * first, (first, after)
            print(f"{name}: {len(ours)} matrices loaded, loss {first:.4f} before, {after:.4f} after; {told['bytes']} bytes")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("data")
    arguments.add_argument("--check", metavar="PROGRAM")
    arguments = arguments.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    models = os.path.abspath(os.path.join(arguments.data, "models"))
    if arguments.check:
        check(models, os.path.abspath(arguments.check))
        return
    for name in MODELS:
        make(models, os.path.join(arguments.data, "tuning"), name)


if __name__ == "__main__":
    main()
