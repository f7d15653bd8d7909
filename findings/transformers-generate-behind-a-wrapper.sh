#!/usr/bin/env bash
# A wrapper around a model's `forward` that hands everything on changes what a padded batch writes.
#
# Guess:   `model.forward = wrapper`, where `def wrapper(*args, **kwargs)` calls the old `forward` with
#          all it was given, to count, time or log, changes nothing of what `generate` writes.
# Happens: `generate` looks for the name `position_ids` in the signature of `model.forward` and makes
#          positions from the attention mask only where it finds it. Behind the wrapper it makes none,
#          and GPT-2 counts its learned positions from the padding: the shorter texts of a left-padded
#          batch go on otherwise. The longest one, and any text asked alone, are as before; no warning.
#          `functools.wraps(old)` keeps the signature and the tokens.
# Matters: a model that is measured with a probe on it, or served through a patched `forward`, gives
#          other answers in batches only, so that batch size seems to change the score; a check on one
#          prompt passes. Models of relative positions (rotary) write the same.
# Versions: transformers 5.23.0, torch 2.13.0. Seen on 2026-11-29.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet transformers==5.23.0 torch==2.13.0 numpy
cd "$work"
HF_HUB_OFFLINE=1 "$work/venv/bin/python" - 2> said <<'PY' || { cat said >&2; exit 1; }
import functools

import torch
import transformers
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

print(f"transformers {transformers.__version__}")
ids = torch.tensor([[0, 0, 0, 0, 5, 7, 9], [11, 12, 13, 14, 15, 16, 17]])
mask = torch.tensor([[0, 0, 0, 0, 1, 1, 1], [1] * 7])
common = {"vocab_size": 50, "initializer_range": 0.5, "bos_token_id": 0, "eos_token_id": None, "pad_token_id": 0}
small = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}


def written(model, texts=slice(None), start=0):
    out = model.generate(input_ids=ids[texts, start:], attention_mask=mask[texts, start:],
                         max_new_tokens=8, do_sample=False)  # fmt: skip
    return out[:, ids.shape[1] - start :].tolist()


same = {}
for made in (
    lambda: GPT2LMHeadModel(GPT2Config(n_embd=32, n_layer=2, n_head=2, n_positions=64, **common)),
    lambda: LlamaForCausalLM(LlamaConfig(**small, **common)),
):
    torch.manual_seed(0)
    model = made().eval()
    name, inner = type(model).__name__, model.forward

    def wrapper(*args, **kwargs):
        return inner(*args, **kwargs)

    bare, alone = written(model), written(model, slice(0, 1), 4)
    model.forward = wrapper
    behind, alone_behind = written(model), written(model, slice(0, 1), 4)
    model.forward = functools.wraps(inner)(wrapper)
    kept = written(model)
    print(f"{name}, a short text of a padded batch: {bare[0]}, behind the wrapper {behind[0]}")
    same[name] = {"short": behind[0] == bare[0], "longest": behind[1] == bare[1],
                  "alone": alone == alone_behind == bare[:1], "wraps": kept == bare}  # fmt: skip
    print(f"  the same behind the wrapper: {same[name]}")
if same != {
    "GPT2LMHeadModel": {"short": False, "longest": True, "alone": True, "wraps": True},
    "LlamaForCausalLM": {"short": True, "longest": True, "alone": True, "wraps": True},
}:
    raise SystemExit("changed: another of them writes the same behind a wrapper")
PY
if grep -i -E "position|signature|forward" said; then
  echo "changed: now something is said of it"
  exit 1
fi
