#!/usr/bin/env bash
# Equal vectors come back last first from an inner-product index, first first from an L2 one.
#
# Guess:   equal scores are listed by id. For unit vectors IndexFlatIP and IndexFlatL2 rank alike,
#          and the best hit of a search for one is the best hit of a search for three.
# Happens: IndexFlatIP keeps the smallest ids among the equals but lists them from the largest down,
#          IndexFlatL2 lists them upwards, and with k=1 both name the smallest. So the first of three
#          is not the hit that a search for one gives.
# Matters: corpora hold the same passage twice. Hit rate at 1 and reciprocal rank then change with the
#          metric of the index and with k, though every score is the same: rank ties by id yourself.
# Versions: faiss-cpu 1.15.1, numpy 2.4.6. Seen on 2026-11-27.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet faiss-cpu==1.15.1 numpy==2.4.6
"$work/venv/bin/python" - <<'PY'
import faiss
import numpy as np

passages = np.random.default_rng(0).standard_normal((200, 16)).astype("float32")
passages /= np.linalg.norm(passages, axis=1, keepdims=True)
passages[[40, 90, 140]] = passages[40]
query = passages[40:41]

seen = {}
for index in (faiss.IndexFlatIP(16), faiss.IndexFlatL2(16)):
    index.add(passages)
    for k in (1, 3):
        scores, ids = index.search(query, k)
        seen[type(index).__name__, k] = ids[0].tolist()
        print(f"{type(index).__name__} k={k}: ids {ids[0].tolist()}, scores {scores[0].tolist()}")

rank = {name: seen[name, 3].index(40) + 1 for name in ("IndexFlatIP", "IndexFlatL2")}
print(f"faiss {faiss.__version__}: passage 40 has rank {rank['IndexFlatIP']} by inner product, {rank['IndexFlatL2']} by L2")
if seen != {
    ("IndexFlatIP", 1): [40],
    ("IndexFlatIP", 3): [140, 90, 40],
    ("IndexFlatL2", 1): [40],
    ("IndexFlatL2", 3): [40, 90, 140],
}:
    raise SystemExit("changed: the order among equal vectors is another one")
PY
