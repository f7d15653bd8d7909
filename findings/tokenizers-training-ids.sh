#!/usr/bin/env bash
# Training a WordPiece or Unigram tokenizer twice on the same text gives two different tokenizers.
#
# Guess:   training counts and merges, nothing is drawn, so the same text gives the same tokenizer.
# Happens: byte-pair and word-level training do. WordPiece training finds the same pieces each time
#          but numbers some of them differently, even within one process and on one thread; Unigram
#          training gives the same pieces slightly other scores, and numbers them differently too.
# Matters: a model trained from scratch with a fixed seed sees other ids, so its numbers cannot be
#          had again from text, recipe and seed; ids encoded with one run's tokenizer are silently
#          wrong for another's model, as the vocabulary has the same size and the same pieces.
# Versions: tokenizers 0.23.3. Seen on 2026-11-27.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet tokenizers==0.23.3
RAYON_NUM_THREADS=1 "$work/venv/bin/python" - <<'PY'
import json

import tokenizers
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

TIMES = 8
words = "river rivers rived stone stones stoned light lights lighter night nights nightly".split()
texts = [" ".join(words[i * j % len(words)] for j in range(1, 9)) for i in range(1, 60)]
kinds = {
    "BPE": (models.BPE, trainers.BpeTrainer),
    "WordLevel": (models.WordLevel, trainers.WordLevelTrainer),
    "WordPiece": (models.WordPiece, trainers.WordPieceTrainer),
    "Unigram": (models.Unigram, trainers.UnigramTrainer),
}


def trained(model, trainer):
    tokenizer = Tokenizer(model())
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(texts, trainer(vocab_size=60, show_progress=False))
    return tokenizer


print(f"tokenizers {tokenizers.__version__}, each trained {TIMES} times on the same text:")
files, numberings = {}, {}
for name, kind in kinds.items():
    runs = [trained(*kind) for _ in range(TIMES)]
    files[name] = len({json.dumps(json.loads(run.to_str()), sort_keys=True) for run in runs})
    numberings[name] = len({tuple(sorted(run.get_vocab().items())) for run in runs})
    pieces = len({frozenset(run.get_vocab()) for run in runs})
    print(f"{name}: {files[name]} distinct files, {numberings[name]} numberings, {pieces} sets of pieces")
    if name == "WordPiece":
        for run in runs[:2]:
            encoded = run.encode("thorn")
            print(f"  'thorn' -> {encoded.tokens} {encoded.ids}")
    if name == "Unigram":
        first, second = (dict(json.loads(run.to_str())["model"]["vocab"]) for run in runs[:2])
        gap = max(abs(score - second[piece]) for piece, score in first.items() if piece in second)
        print(f"  scores of one piece in two runs up to {gap:.1e} apart")
if not (files["BPE"] == files["WordLevel"] == 1 and numberings["WordPiece"] > 1 and files["Unigram"] > 1):
    raise SystemExit("changed: other trainers than WordPiece and Unigram differ from run to run, or these agree")
PY
