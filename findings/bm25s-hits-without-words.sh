#!/usr/bin/env bash
# A keyword search returns k passages even where none shares a word with the query.
#
# Guess:   as in a search engine, k is an upper bound, and a passage with no word of the query is not
#          a hit: a query whose words the corpus lacks finds nothing.
# Happens: retrieve() fills up to k with passages of score 0, in an order that comes from sorting
#          equal numbers and has nothing to do with the query. They look like hits: real ids, ranks.
# Matters: fused by reciprocal rank, which reads ranks and no scores, such a passage weighs as much as
#          the best hit of the other retriever. A comparison then charges the hybrid for it, or
#          credits it with a passage found by place. Drop the hits of score 0 before fusing.
# Versions: bm25s 0.3.16, numpy 2.4.6. Seen on 2026-11-27.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet bm25s==0.3.16 numpy==2.4.6
"$work/venv/bin/python" - <<'PY'
from importlib.metadata import version

import bm25s

passages = [
    "a striped horse of the savanna",
    "horses and donkeys on the farm",
    "grass eaters that live in herds",
    "the tax form is due in april",
    "how to bake bread without yeast",
    "trains leave from platform nine",
]


def words(texts):
    return bm25s.tokenize(texts, stopwords=None, show_progress=False)


index = bm25s.BM25()
index.index(words(passages), show_progress=False)


def found(query):
    hits = index.retrieve(words([query]), k=3, show_progress=False)
    return [(int(hit), float(score)) for hit, score in zip(hits.documents[0], hits.scores[0], strict=True)]


def fused(*rankings):
    total = {}
    for ranking in rankings:
        for rank, passage in enumerate(ranking, start=1):
            total[passage] = total.get(passage, 0) + 1 / (60 + rank)
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))


print(f"bm25s {version('bm25s')}")
partly, nothing = found("yeast"), found("zebra")
print("'yeast' (in one passage) gives (id, score):", partly)
print("'zebra' (in none) gives (id, score):", nothing)
by_meaning = [0, 1, 2]
score = fused(by_meaning, [passage for passage, _ in nothing])
first = nothing[0][0]
print("fused with [0, 1, 2] of another retriever:", {passage: round(value, 5) for passage, value in score.items()})
print(f"passage {first} ({passages[first]!r}) counts {score[first]:.5f}, the other's best {score[by_meaning[0]]:.5f}")
if [value for _, value in nothing] != [0, 0, 0] or [value > 0 for _, value in partly] != [True, False, False]:
    raise SystemExit("changed: passages without a word of the query are no longer returned at score 0")
PY
