"""Models that learn to answer with passages before them, some of which mislead.

Training prompts hold what the search finds. For a share of the items the passage that answers is
made sure to be among it, for the others it is taken out, so that the model learns to use what helps
and to leave what does not (Zhang et al. 2024, RAFT: Adapting Language Model to Domain Specific RAG,
section 3). Items are answered with what the search finds.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from harness.common.clock import Clock
from harness.methods.asking.lookup import Lookup
from harness.methods.asking.shown import Asking, Shown
from harness.methods.finding import Studied
from harness.methods.job import Job
from harness.methods.open_book import (
    PassageRetriever,
    best_passages,
    build_passages,
    open_passages,
    passages_read,
    passages_shown,
    telling,
)
from harness.methods.standing import standing_on
from harness.methods.work import Reading
from harness.retrieval.vectors import NONE
from harness.tasks.examples import Example


def build_studied(job: Job, how: Studied) -> Lookup[str]:
    """A search over the corpus, and what training items are shown of it."""
    job = standing_on(job, how.retriever)
    return _lookup(job, how, build_passages(job, how))


def open_studied(job: Job, how: Studied, folder: Path) -> Lookup[str]:
    """The same of a model that is saved, to answer with."""
    job = standing_on(job, how.retriever, folder)
    return _lookup(job, how, open_passages(job, how, folder))


def studied_shown(asking: Asking, how: Studied) -> Shown:
    """What stands before an item, at the most."""
    return passages_shown(asking, how.k, how.tokens, how)


def studied_read(job: Job, how: Studied) -> tuple[Reading, ...]:
    """What the embedder reads of the corpus and the items."""
    return tuple(reading.by(how.retriever) for reading in passages_read(job, how))


def _lookup(job: Job, how: Studied, passages: PassageRetriever) -> Lookup[str]:
    def study(examples: Sequence[Example], clock: Clock) -> list[list[str]]:
        own = telling(job, passages, {e.id: e.document for e in examples})
        best = own.rank(examples, 1, clock)[:, 0]
        found = passages.places(examples, how.k + own.most(examples), clock)
        documents = passages.documents(found)
        return [passages.texts(mixed(
                    row, theirs == example.document, int(answer), how.k, how.gold,
                    random.Random(f"{job.seed}:{example.id}")))
                for example, row, theirs, answer in zip(examples, found, documents, best,
                                                        strict=True)]

    return best_passages(passages, how.k, how.tokens, study)


def mixed(found: np.ndarray, own: np.ndarray, answer: int, k: int, gold: float,
          chance: random.Random) -> list[int]:
    """Places of at most `k` passages for a training item, best first.

    `found` are places as the search ranks them, `own` [found] bool says which are of the document
    that the item is about, `answer` is the best passage of that document, or `NONE`. With
    probability `gold` the item's own passages stay as they were found, and the best one is put
    anywhere among the others where none was; else all of its own are left out.
    """
    others: list[int] = found[~own].tolist()
    if answer == NONE or chance.random() >= gold:
        return others[:k]
    if own[:k].any():
        return [int(place) for place in found[:k]]
    shown = others[:k - 1]
    shown.insert(chance.randint(0, len(shown)), answer)
    return shown
