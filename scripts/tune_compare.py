#!/usr/bin/env python3
"""Runs the steps of `perennial tune` in PyTorch with PEFT, for comparing figures and times.

    pip install torch transformers peft gguf safetensors
    perennial tune --examples FILE.jsonl --out DIR --steps 3 --held-out 0 --trace TRACE.json
    python scripts/tune_compare.py MODEL.gguf TRACE.json [--threads 2]

The trace has the tokens of each step's batch and what each token counts, and the adapter as it began (PEFT's form, beside
it), so that both run the same. For each step it prints loss, length of the gradient and seconds of both. On a machine that has
other things to do, compare one thread each (`RAYON_NUM_THREADS=1`, `--threads 1`): threads of PyTorch that wait for each other
lose more by it.
"""

import argparse
import json
import os
import time

import torch
import transformers
from peft import PeftModel


def pad(texts, device="cpu"):
    """Right-padded as a trainer does it: ids, mask, weights of each next token."""
    longest = max(len(text["tokens"]) for text in texts)
    ids = torch.zeros(len(texts), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    weights = torch.zeros(len(texts), longest)
    for row, text in enumerate(texts):
        tokens = text["tokens"]
        ids[row, : len(tokens)] = torch.tensor(tokens)
        mask[row, : len(tokens)] = 1
        weights[row, text["prompt"] : len(tokens)] = text["weight"]
    return ids, mask, weights


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("model")
    arguments.add_argument("trace")
    arguments.add_argument("--threads", type=int, default=2)
    arguments = arguments.parse_args()
    torch.set_num_threads(arguments.threads)
    transformers.logging.set_verbosity_error()
    trace = json.load(open(arguments.trace, encoding="utf-8"))
    folder, name = os.path.split(os.path.abspath(arguments.model))
    base = transformers.AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
    model = PeftModel.from_pretrained(base, os.path.join(os.path.dirname(os.path.abspath(arguments.trace)), "begin"), is_trainable=True)
    learning = [weight for weight in model.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(learning, lr=1.0, weight_decay=trace["settings"]["weight_decay"])
    print(f"{sum(weight.numel() for weight in learning)} numbers learn; torch {torch.__version__}, {arguments.threads} threads")
    print("step  loss ours    torch        gradient ours torch       seconds ours torch  its processor seconds")
    model.train()
    for step in trace["steps"]:
        started, processor = time.monotonic(), time.process_time()
        ids, mask, weights = pad(step["texts"])
        # Only the places of the messages reach the output matrix, as in ours.
        states = model.base_model.model.model(input_ids=ids, attention_mask=mask).last_hidden_state[:, :-1]
        counted = weights[:, 1:]
        places = counted > 0
        logits = model.base_model.model.lm_head(states[places])
        losses = torch.nn.functional.cross_entropy(logits, ids[:, 1:][places], reduction="none")
        loss = (losses * counted[places]).sum() / counted.sum()
        optimiser.zero_grad()
        loss.backward()
        length = torch.nn.utils.clip_grad_norm_(learning, trace["settings"]["clip"])
        for group in optimiser.param_groups:
            group["lr"] = step["rate"]
        optimiser.step()
        seconds, processor = time.monotonic() - started, time.process_time() - processor
        print(
            f"{step['step']:4}  {step['loss']:.6f}  {loss.item():.6f}   {step['gradient']:.5f}  {length.item():.5f}"
            f"   {step['seconds']:.2f}  {seconds:.2f}  {processor:.2f}"
        )


if __name__ == "__main__":
    main()
