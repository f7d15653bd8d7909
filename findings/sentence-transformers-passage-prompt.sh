#!/usr/bin/env bash
# A model's saved prompt named "passage" or "corpus" is never put before a document.
#
# Guess:   as its documentation says, encode_document takes the first of the prompts "document",
#          "passage" and "corpus" that the model has, so a folder with {"query", "passage"} works.
# Happens: every model is given an empty prompt "document" when it is made, which comes first and is
#          taken. The documents are encoded bare, with no word said, while encode_query does use the
#          model's query prompt.
# Matters: a retriever trained with both prompts is measured with one of them missing and looks worse
#          than it is; beside a model whose prompt is named "document" the comparison is not fair.
#          Give prompt_name="passage" by hand, or name the prompt "document".
# Versions: sentence-transformers 6.2.0, transformers 5.23.0, torch 2.13.0. Seen on 2026-11-27.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet sentence-transformers==6.2.0 transformers==5.23.0 torch==2.13.0
cd "$work"
HF_HUB_OFFLINE=1 HF_HUB_DISABLE_PROGRESS_BARS=1 TRANSFORMERS_VERBOSITY=error "$work/venv/bin/python" - <<'PY'
from pathlib import Path

import numpy as np
import sentence_transformers
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import BertConfig, BertModel, BertTokenizerFast
from transformers.utils.logging import disable_progress_bar

disable_progress_bar()
torch.manual_seed(0)
size = 16
words = "[PAD] [UNK] [CLS] [SEP] [MASK] query passage corpus document : a striped horse".split()
Path("words.txt").write_text("\n".join(words))
config = BertConfig(
    vocab_size=len(words), hidden_size=size, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
)
BertModel(config).save_pretrained("encoder")
BertTokenizerFast("words.txt").save_pretrained("encoder")

print(f"sentence-transformers {sentence_transformers.__version__}")
used = {}
for name in ("document", "passage", "corpus"):
    prompts = {"query": "query: ", name: f"{name}: "}
    SentenceTransformer(modules=[Transformer("encoder"), Pooling(size)], prompts=prompts).save("model")
    model = SentenceTransformer("model")
    text = "a striped horse"
    document = model.encode_document(text)
    as_named = np.allclose(document, model.encode(text, prompt_name=name), atol=1e-6)
    bare = np.allclose(document, model.encode(text, prompt=""), atol=1e-6)
    query = np.allclose(model.encode_query(text), model.encode(text, prompt="query: "), atol=1e-6)
    used[name] = (as_named, bare, query)
    print(f"saved {prompts}, loaded {model.prompts}")
    print(f"  encode_document: {'with its prompt' if as_named else 'bare'}; encode_query: {'with its prompt' if query else 'bare'}")
if used != {"document": (True, False, True), "passage": (False, True, True), "corpus": (False, True, True)}:
    raise SystemExit("changed: another of the saved prompts is used for documents")
PY
