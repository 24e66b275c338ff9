#!/usr/bin/env python3
"""Makes the tiny random models of the tests, and what the reference implementation says of them.

    pip install torch transformers gguf sentencepiece llama-cpp-python
    python scripts/tiny_models.py tests/it/data/models [--check]

For each family: a model with weights by chance, as a GGUF file (GPT-2 also as a folder), and a JSON file with what
`transformers` computes with the same weights in f32: the tokens of some texts, greedy continuations, logits, the
log-probability of each token, and for GPT-2 the probabilities after the filters of `generate`. Where weights are
stored with fewer bits, the reference runs on what is stored. Of many seeds that one is taken whose greedy choices are
the least close, so that rounding turns none over. `--check` also runs the files in llama.cpp, and tells how far it is
away.
"""

import argparse
import ctypes
import json
import os
import tempfile

import gguf
import numpy as np
import sentencepiece
import torch
import transformers
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

WORDS = """we miss you at the shop and the garden is waiting for spring. come back and see what is new: tools, seeds,
pots and plants. the shop opens at nine; you will find us by the river. what would you like to grow this year? thank
you for being with us, we would love to see you again. we've kept your place, don't worry! 你好 世界 好久不见 欢迎回来
"""
TEXTS = [
    "We miss you at the shop, Anna! It's 12345 days...",
    "  two  spaces,\ttab\n\nand lines\r\n  end ",
    "你好，世界！好久不见。",
    "emoji 🌱 and é ñ ß ½ ٣",
    "don't DON'T we'll they'd I'm",
    "<|im_start|>user is <s> text </s> here<|im_end|><|endoftext|><start_of_turn>",
    "",
    " ",
    "a",
]
PROMPTS = ["we miss you at the", "the garden is waiting for spring. come back and see what is new", "你好"]
STEPS = 20
GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
QWEN2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = QWEN2.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
CHAT_ML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
GEMMA = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'assistant' %}{% set role = 'model' %}"
    "{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\n' + message['content']"
    " | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
PHI = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>\n' + message['content'] + '<|end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}"
)


class Bytes:
    """A byte-level BPE vocabulary: special tokens, 256 bytes, a few longer tokens."""

    kind = "gpt2"

    def __init__(self, pattern, pre, special, template, bos, eos, ignore_merges=False, size=320):
        self.pre, self.special, self.template, self.bos, self.eos = pre, special, template, bos, eos
        self.add_bos = False
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ])
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=size - len(special), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
        )
        tokenizer.train_from_iterator([WORDS] * 4, trainer)
        state = json.loads(tokenizer.to_str())["model"]
        self.merges = [" ".join(merge) for merge in state["merges"]]
        self.tokens = special + sorted(state["vocab"], key=state["vocab"].get)
        vocabulary = {token: index for index, token in enumerate(self.tokens)}
        tokenizer.model = models.BPE(
            vocabulary, [tuple(merge.split(" ")) for merge in self.merges], ignore_merges=ignore_merges
        )
        self.tokenizer = tokenizer
        self.types = [3 if token in special else 1 for token in self.tokens]

    def encode(self, text):
        return self.tokenizer.encode(text).ids

    def write(self, writer):
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(self.pre)
        writer.add_token_list(self.tokens)
        writer.add_token_types(self.types)
        writer.add_token_merges(self.merges)


class Pieces:
    """A SentencePiece vocabulary with scores and bytes to fall back on."""

    kind = "llama"

    def __init__(self, prefix, special, user, template, bos, eos, size=352):
        self.special, self.template, self.bos, self.eos, self.prefix = special, template, bos, eos, prefix
        self.add_bos = True
        with tempfile.TemporaryDirectory() as folder:
            text, model = os.path.join(folder, "text"), os.path.join(folder, "model")
            with open(text, "w", encoding="utf-8") as file:
                file.write(WORDS)
            sentencepiece.SentencePieceTrainer.train(
                input=text, model_prefix=model, model_type="bpe", vocab_size=size, byte_fallback=True,
                character_coverage=0.98, add_dummy_prefix=prefix, remove_extra_whitespaces=False,
                normalization_rule_name="identity", control_symbols=special, user_defined_symbols=user,
                minloglevel=2, hard_vocab_limit=False,
            )
            self.model = sentencepiece.SentencePieceProcessor(model_file=model + ".model")
        pieces = range(self.model.get_piece_size())
        self.tokens = [self.model.id_to_piece(piece) for piece in pieces]
        self.scores = [self.model.get_score(piece) for piece in pieces]
        kind = lambda piece: (
            2 if self.model.is_unknown(piece)
            else 3 if self.model.is_control(piece)
            else 6 if self.model.is_byte(piece)
            else 4 if self.tokens[piece] in user
            else 1
        )
        self.types = [kind(piece) for piece in pieces]

    def encode(self, text):
        return self.model.encode(text)

    def write(self, writer):
        writer.add_tokenizer_model("llama")
        writer.add_tokenizer_pre("default")
        writer.add_token_list(self.tokens)
        writer.add_token_scores(self.scores)
        writer.add_token_types(self.types)
        writer.add_add_space_prefix(self.prefix)


def chat_ml(pattern, pre, begin=None, **more):
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"] + ([begin] if begin else [])
    return Bytes(pattern, pre, special, CHAT_ML, begin or "<|endoftext|>", "<|im_end|>", **more)


def scatter(model, seed, spread):
    """Weights by chance; norms around one, biases around nothing."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=random)
            if weight.dim() == 1 and name.endswith("weight"):
                gemma = "gemma3" in type(model).__name__.lower()
                centre = 2.0 if gemma and "post_" in name else 0.0 if gemma else 1.0
                weight.copy_(centre + 0.2 * noise)
            elif "embed_tokens" in name or "wte" in name:
                # Small, so that the layers decide what is written next, and not the token before.
                weight.copy_(noise * (0.3 if "gemma3" not in type(model).__name__.lower() else 0.2))
            elif weight.dim() == 1 or "wpe" in name:
                weight.copy_(0.2 * noise)
            else:
                weight.copy_(noise * spread / weight.shape[-1 if weight.dim() < 3 else 0] ** 0.5)


def f16(model):
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.copy_(weight.half().float())


def permute(weight, heads):
    """As llama.cpp's converter does for `llama`: halves of a head become neighbours."""
    shape = weight.shape
    return weight.reshape(heads, 2, shape[0] // heads // 2, *shape[1:]).swapaxes(1, 2).reshape(shape)


def write_gguf(path, arch, model, vocabulary, kind):
    config = model.config
    writer = gguf.GGUFWriter(path, arch)
    layers = getattr(config, "num_hidden_layers", None) or config.n_layer
    names = gguf.get_tensor_name_map(next(key for key, name in gguf.MODEL_ARCH_NAMES.items() if name == arch), layers)
    width = config.hidden_size
    heads = config.num_attention_heads
    kv_heads = getattr(config, "num_key_value_heads", heads)
    head_width = getattr(config, "head_dim", None) or width // heads
    writer.add_name("tiny")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_head_count(heads)
    writer.add_feed_forward_length(getattr(config, "intermediate_size", None) or 4 * width)
    writer.add_vocab_size(len(vocabulary.tokens))
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16 if kind == "f16" else gguf.LlamaFileType.ALL_F32)
    if arch == "gpt2":
        writer.add_layer_norm_eps(config.layer_norm_epsilon)
    else:
        writer.add_layer_norm_rms_eps(getattr(config, "rms_norm_eps", None) or config.norm_eps)
        rope = config.rope_parameters
        writer.add_rope_freq_base(rope["full_attention"]["rope_theta"] if arch == "gemma3" else rope["rope_theta"])
    if arch == "lfm2":
        full = [kind == "full_attention" for kind in config.layer_types]
        writer.add_head_count_kv([kv_heads if attends else 0 for attends in full])
        writer.add_shortconv_l_cache(config.conv_L_cache)
    elif arch != "gpt2":
        writer.add_head_count_kv(kv_heads)
    if arch in ("qwen3", "gemma3"):
        writer.add_key_length(head_width)
        writer.add_value_length(head_width)
    if arch in ("llama", "phi3"):
        writer.add_rope_dimension_count(int(head_width * config.rope_parameters.get("partial_rotary_factor", 1.0)))
    if arch in ("gemma3", "phi3") and config.sliding_window:
        writer.add_sliding_window(config.sliding_window)
    vocabulary.write(writer)
    index = vocabulary.tokens.index
    writer.add_bos_token_id(index(vocabulary.bos))
    writer.add_eos_token_id(index(vocabulary.eos))
    writer.add_add_bos_token(vocabulary.add_bos)
    if vocabulary.template:
        writer.add_chat_template(vocabulary.template)
    state = model.state_dict()
    for name, tensor in state.items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        data = tensor.float().numpy()
        if arch == "gpt2" and name.endswith((".c_attn.weight", ".c_proj.weight", ".c_fc.weight")):
            data = data.T
        if arch == "llama" and "q_proj" in name:
            data = permute(data, heads)
        if arch == "llama" and "k_proj" in name:
            data = permute(data, kv_heads)
        if arch == "gemma3" and name.endswith("norm.weight"):
            data = data + 1
        if name.endswith("conv.conv.weight"):
            data = data.squeeze(1)
        short = names.get_name(name, try_suffixes=(".weight", ".bias"))
        assert short, name
        plain = kind == "f32" or data.ndim == 1 or "shortconv.conv" in short or "position_embd" in short
        writer.add_tensor(short, np.ascontiguousarray(data.astype(np.float32 if plain else np.float16)))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def quantise(source, target, kind):
    """llama.cpp's own quantisation."""
    import llama_cpp

    options = llama_cpp.llama_model_quantize_default_params()
    options.ftype = kind
    options.pure = True
    options.nthread = 1
    assert llama_cpp.llama_model_quantize(source.encode(), target.encode(), ctypes.byref(options)) == 0


def take_back(model, path, arch):
    """Puts the weights of a quantised file into the model."""
    kind = next(key for key, name in gguf.MODEL_ARCH_NAMES.items() if name == arch)
    names = gguf.get_tensor_name_map(kind, model.config.num_hidden_layers)
    tensors = {tensor.name: tensor for tensor in gguf.GGUFReader(path).tensors}
    heads = {"q_proj": model.config.num_attention_heads, "k_proj": model.config.num_key_value_heads}
    with torch.no_grad():
        for name, weight in model.state_dict().items():
            if name == "lm_head.weight" and model.config.tie_word_embeddings:
                continue
            tensor = tensors[names.get_name(name, try_suffixes=(".weight",))]
            data = gguf.quants.dequantize(tensor.data, tensor.tensor_type).reshape(weight.shape)
            for part, count in heads.items():
                if arch == "llama" and part in name:
                    shape = data.shape
                    data = data.reshape(count, shape[0] // count // 2, 2, *shape[1:]).swapaxes(1, 2).reshape(shape)
            weight.copy_(torch.from_numpy(np.ascontiguousarray(data)))


def rounded(values, digits=6):
    return [float(f"%.{digits}g" % value) for value in values]


def reference(model, vocabulary, every=False):
    """What the reference implementation says."""
    model = model.eval()
    greedy, least = [], float("inf")
    for prompt in PROMPTS:
        ids = vocabulary.encode(prompt)
        if vocabulary.add_bos:
            ids = [vocabulary.tokens.index(vocabulary.bos)] + ids
        with torch.no_grad():
            written = model.generate(
                torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long), do_sample=False,
                max_new_tokens=STEPS, eos_token_id=None, pad_token_id=0,
            )[0].tolist()
            logits = model(torch.tensor([written])).logits[0].double()
        logs = torch.log_softmax(logits, -1)
        top = logits[len(ids) - 1 : -1].topk(2).values
        least = min(least, float((top[:, 0] - top[:, 1]).min()))
        chosen = [float(logs[at, written[at + 1]]) for at in range(len(written) - 1)]
        positions = range(len(written)) if every and prompt == PROMPTS[0] else [len(ids) - 1, len(written) - 1]
        greedy.append({
            "prompt": prompt,
            "ids": ids,
            "written": written[len(ids):],
            "log_probabilities": rounded(chosen),
            "logits": {str(at): rounded(logits[at].tolist(), 7) for at in positions},
        })
    return greedy, least


def variety(greedy):
    return min(len(set(one["written"])) for one in greedy)


def warpers(model):
    """Probabilities after the filters of `generate`, of some logits."""
    from transformers import LogitsProcessorList

    rows = torch.randn(2, 60, generator=torch.Generator().manual_seed(5)) * 3
    cases = []
    for logits in rows:
        for temperature, top_k, top_p, penalty in [
            (1.0, 0, 1.0, 1.0), (0.7, 0, 1.0, 1.0), (1.0, 10, 1.0, 1.0), (1.0, 0, 0.9, 1.0), (0.7, 40, 0.9, 1.0),
            (1.5, 5, 0.5, 1.0), (0.8, 20, 0.95, 1.3), (1.0, 50, 0.01, 1.0),
        ]:
            config = transformers.GenerationConfig(
                do_sample=True, temperature=temperature, top_k=top_k, top_p=top_p, repetition_penalty=penalty
            )
            chain = LogitsProcessorList()
            before = torch.tensor([[3, 7, 7, 11]])
            if penalty != 1.0:
                chain.append(transformers.RepetitionPenaltyLogitsProcessor(penalty))
            if temperature != 1.0:
                chain.append(transformers.TemperatureLogitsWarper(temperature))
            if top_k:
                chain.append(transformers.TopKLogitsWarper(top_k))
            if top_p < 1.0:
                chain.append(transformers.TopPLogitsWarper(top_p))
            own = model._get_logits_processor(config, 4, before, None, []) if hasattr(model, "_get_logits_processor") else chain
            probabilities = torch.softmax(own(before, logits[None].clone()), -1)
            assert torch.equal(probabilities, torch.softmax(chain(before, logits[None].clone()), -1))
            cases.append({
                "logits": rounded(logits.tolist(), 9), "before": before[0].tolist(), "temperature": temperature,
                "top_k": top_k, "top_p": top_p, "repetition_penalty": penalty,
                "probabilities": rounded(probabilities[0].tolist(), 8),
            })
    return cases


def stops(model, vocabulary):
    """Greedy `generate` with each token that it writes as the end of text, and with lengths."""
    ids = vocabulary.encode(PROMPTS[0])
    prompt = torch.tensor([ids])
    mask = torch.ones_like(prompt)
    free = model.generate(prompt, attention_mask=mask, do_sample=False, max_new_tokens=STEPS, eos_token_id=None, pad_token_id=0)
    ends = [None, int(free[0, len(ids) + 3]), int(free[0, len(ids)]), int(free[0, -1])]
    cases = []
    for end in ends:
        for limits in [{"max_length": len(ids) + 6}, {"max_new_tokens": 9}, {"max_length": len(ids) + 1}]:
            out = model.generate(prompt, attention_mask=mask, do_sample=False, eos_token_id=end, pad_token_id=0, **limits)
            cases.append({"end": end, **limits, "ids": ids, "sequence": out[0].tolist()})
    return cases


def families():
    """Name, architecture, kind of weights, vocabulary, model of a seed."""
    t = transformers
    common = {"max_position_embeddings": 96, "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 0}
    plain = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, **common}
    wide = {**plain, "hidden_size": 256, "intermediate_size": 256}
    sized = lambda vocabulary, more: {"vocab_size": len(vocabulary.tokens), **more}

    def make(config, model, vocabulary, more):
        return lambda: model(config(**sized(vocabulary, more)))

    gpt = Bytes(GPT2, "gpt-2", ["<|endoftext|>"], None, "<|endoftext|>", "<|endoftext|>", size=300)
    small = {"n_embd": 48, "n_layer": 2, "n_head": 4, "n_positions": 64, "bos_token_id": 0, "eos_token_id": 0}
    gpt_model = make(t.GPT2Config, t.GPT2LMHeadModel, gpt, small)
    llama = chat_ml(LLAMA3, "llama-bpe", ignore_merges=True)
    llama_model = make(t.LlamaConfig, t.LlamaForCausalLM, llama, {**plain, "num_key_value_heads": 4, "tie_word_embeddings": True})
    llama_wide = make(t.LlamaConfig, t.LlamaForCausalLM, llama, {**wide, "num_hidden_layers": 1, "num_key_value_heads": 2, "tie_word_embeddings": True})
    old = Pieces(True, [], [], None, "<s>", "</s>")
    old_model = make(t.LlamaConfig, t.LlamaForCausalLM, old, {**plain, "num_key_value_heads": 4, "tie_word_embeddings": False})
    qwen = chat_ml(QWEN2, "qwen2")
    qwen2 = make(t.Qwen2Config, t.Qwen2ForCausalLM, qwen, {**plain, "num_key_value_heads": 2, "tie_word_embeddings": True})
    qwen3 = make(t.Qwen3Config, t.Qwen3ForCausalLM, qwen, {**plain, "num_key_value_heads": 2, "head_dim": 16, "tie_word_embeddings": True})
    qwen3_wide = make(t.Qwen3Config, t.Qwen3ForCausalLM, qwen, {**wide, "num_hidden_layers": 1, "num_key_value_heads": 2, "head_dim": 64, "tie_word_embeddings": True})
    gemma = Pieces(False, ["<start_of_turn>", "<end_of_turn>"], ["\n\n"], GEMMA, "<s>", "</s>")
    gemma3 = make(t.Gemma3TextConfig, t.Gemma3ForCausalLM, gemma, {
        **plain, "num_hidden_layers": 6, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16, "query_pre_attn_scalar": 16,
        "sliding_window": 8, "tie_word_embeddings": True,
    })
    phi = Pieces(True, ["<|user|>", "<|system|>", "<|assistant|>", "<|end|>"], [], PHI, "<s>", "<|end|>")
    phi3 = make(t.Phi3Config, t.Phi3ForCausalLM, phi, {
        **plain, "num_key_value_heads": 2, "sliding_window": 12, "tie_word_embeddings": False,
        "original_max_position_embeddings": 96, "rope_parameters": {"rope_type": "default", "rope_theta": 5000.0, "partial_rotary_factor": 0.5},
    })
    lfm = chat_ml(LLAMA3, "lfm2", begin="<|startoftext|>", ignore_merges=True)
    lfm.add_bos = True
    lfm2 = make(t.Lfm2Config, t.Lfm2ForCausalLM, lfm, {
        **plain, "num_hidden_layers": 3, "num_key_value_heads": 2, "block_auto_adjust_ff_dim": False,
        "layer_types": ["conv", "full_attention", "conv"], "tie_word_embeddings": True,
    })
    return [
        ("gpt2", "gpt2", "f32", gpt, gpt_model),
        ("llama", "llama", "f16", llama, llama_model),
        ("llama-pieces", "llama", "f16", old, old_model),
        ("llama-q8_0", "llama", "q8_0", llama, llama_model),
        ("llama-q4_k", "llama", "q4_k", llama, llama_wide),
        ("qwen2", "qwen2", "f16", qwen, qwen2),
        ("qwen3", "qwen3", "f16", qwen, qwen3),
        ("qwen3-q4_k", "qwen3", "q4_k", qwen, qwen3_wide),
        ("gemma3", "gemma3", "f16", gemma, gemma3),
        ("phi3", "phi3", "f16", phi, phi3),
        ("lfm2", "lfm2", "f16", lfm, lfm2),
    ]


def folder(path, model, vocabulary):
    model.save_pretrained(path, safe_serialization=True)
    for name in os.listdir(path):
        if name not in ("config.json", "generation_config.json", "model.safetensors"):
            os.remove(os.path.join(path, name))
    tokens = {token: index for index, token in enumerate(vocabulary.tokens)}
    with open(os.path.join(path, "vocab.json"), "w", encoding="utf-8") as file:
        json.dump(tokens, file, ensure_ascii=False)
    with open(os.path.join(path, "merges.txt"), "w", encoding="utf-8") as file:
        file.write("#version: 0.2\n" + "\n".join(vocabulary.merges) + "\n")


def tokenizer_json(path, vocabulary):
    """The same vocabulary in one file, as newer folders have it."""
    tokenizer = Tokenizer.from_str(vocabulary.tokenizer.to_str())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.add_special_tokens(vocabulary.special)
    tokenizer.save(path)


def check(path, frozen):
    """How far llama.cpp is away from the reference."""
    import llama_cpp

    model = llama_cpp.Llama(path, verbose=False, n_threads=1, n_ctx=64, logits_all=True)
    worst, differ = 0.0, 0
    for text in frozen["texts"]:
        found = model.tokenize(text["text"].encode(), add_bos=False, special=False)
        if found != text["ids"]:
            print("   tokens differ:", repr(text["text"]), found[:12], text["ids"][:12])
    for greedy in frozen["greedy"]:
        everything = greedy["ids"] + greedy["written"]
        model.reset()
        model.eval(everything)
        scores = np.array(model.scores[: len(everything)], dtype=np.float64)
        logs = scores - scores.max(-1, keepdims=True)
        logs -= np.log(np.exp(logs).sum(-1, keepdims=True))
        for at, want in enumerate(greedy["log_probabilities"]):
            worst = max(worst, abs(logs[at, everything[at + 1]] - want))
        start = len(greedy["ids"]) - 1
        differ += sum(int(scores[start + step].argmax() != token) for step, token in enumerate(greedy["written"]))
    print(f"   llama.cpp: log-probabilities within {worst:.4f}, {differ} greedy choices differ")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("out")
    arguments.add_argument("--check", action="store_true")
    arguments.add_argument("--seeds", type=int, default=60)
    arguments = arguments.parse_args()
    os.makedirs(arguments.out, exist_ok=True)
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    for name, arch, kind, vocabulary, make in families():
        path = os.path.join(arguments.out, f"{name}.gguf")
        def build(seed):
            model = make()
            scatter(model, seed, 2.0)
            if kind == "f16":
                f16(model)
            if kind.startswith("q"):
                write_gguf(path + ".f32", arch, model, vocabulary, "f32")
                quantise(path + ".f32", path, {"q8_0": 7, "q4_k": 14}[kind])
                os.remove(path + ".f32")
                take_back(model, path, arch)
            return model

        every = arch == "gpt2"
        best = (-1.0, 0)
        for seed in range(1, arguments.seeds + 1):
            greedy, least = reference(build(seed), vocabulary, every)
            if variety(greedy) > 5:
                best = max(best, (least, seed))
        least, seed = best
        assert least > 0, f"{name}: more seeds are needed"
        model = build(seed)
        greedy, _ = reference(model, vocabulary, every)
        if not kind.startswith("q"):
            write_gguf(path, arch, model, vocabulary, kind)
        frozen = {
            "made_by": f"transformers {transformers.__version__}",
            "texts": [{"text": text, "ids": vocabulary.encode(text)} for text in TEXTS],
            "greedy": greedy,
        }
        if arch == "gpt2":
            frozen["generate"] = stops(model, vocabulary)
            frozen["warped"] = warpers(model)
            folder(os.path.join(arguments.out, "gpt2"), model, vocabulary)
            tokenizer_json(os.path.join(arguments.out, "gpt2-tokenizer.json"), vocabulary)
        if vocabulary.template:
            messages = [{"role": "user", "content": "we miss you"}]
            from jinja2 import Environment

            template = Environment(trim_blocks=True, lstrip_blocks=True).from_string(vocabulary.template)
            frozen["chat"] = template.render(
                messages=messages, add_generation_prompt=True, bos_token=vocabulary.bos, eos_token=vocabulary.eos
            )
        with open(os.path.join(arguments.out, f"{name}.json"), "w", encoding="utf-8") as file:
            json.dump(frozen, file, ensure_ascii=False, separators=(",", ":"))
        print(f"{name}: seed {seed}, {os.path.getsize(path)} bytes, least margin {least:.3f}, variety {variety(greedy)}")
        if arguments.check:
            check(path, frozen)


if __name__ == "__main__":
    main()
