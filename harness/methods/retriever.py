"""FAISS retrieval over the training examples."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import faiss
import numpy as np

from harness.backbones.encoding.features import FeatureStore, Featurizer
from harness.backbones.encoding.learned import Learned
from harness.common.clock import Clock
from harness.common.files import sha256_json
from harness.methods.fitted import Finds
from harness.retrieval.vectors import (
    build_index,
    index_bytes,
    nearest,
    read_index,
    save_index,
    unit,
)
from harness.tasks.examples import Example, Item, as_json, from_json, targets_of


@dataclass(frozen=True)
class Retriever:
    """An exact inner-product index over unit vectors: similarity is the cosine, in [-1, 1]."""

    finds: ClassVar[Finds] = "examples"
    featurizer: Featurizer
    """Of items and training examples alike."""
    store: FeatureStore
    index: faiss.Index
    targets: np.ndarray
    """What is right of each indexed example, as `targets_of` has it."""
    ids_sha256: str | None = None
    """Over the ids of the indexed examples, in their order; None where an older index is read."""
    build_seconds: float = 0.0
    """Adding the vectors to the index; none for one that is read."""
    learned: Learned | None = None
    """Weights that the featurizer reads by, where they are not its model's own."""
    before: Callable[[], Retriever] | None = None
    """Makes the same by the model's own weights, where those learned; None of an index that is
    read."""

    @property
    def bytes(self) -> int:
        """Size of the index when written."""
        return index_bytes(self.index)

    def search(self, items: Sequence[Item], k: int, clock: Clock
               ) -> tuple[np.ndarray, np.ndarray]:
        """Similarities and positions of the `k` nearest, nearest first, both [items, k or all
        there are]: exact, so that none is missing."""
        vectors = self.store.features(self.featurizer, items, clock, "encode")
        with clock.phase("retrieve"):
            return nearest(self.index, unit(vectors), k)

    def save(self, folder: Path) -> None:
        """Write the index, what is right of its examples, and what the embedder has learned."""
        if self.learned is not None:
            self.learned.save(folder)
        save_index(self.index, folder)
        content = {**as_json(self.targets), "ids": self.ids_sha256}
        (folder / "index.json").write_text(json.dumps(content), encoding="utf-8")


def build_retriever(featurizer: Featurizer, store: FeatureStore, examples: Sequence[Example],
                    classes: int, clock: Clock) -> Retriever:
    """Index exactly the given examples, of so many classes."""
    vectors = unit(store.features(featurizer, examples, clock, "encode"))
    start = time.perf_counter()
    with clock.phase("index"):
        index = build_index(vectors, "flat")
    seconds = time.perf_counter() - start
    ids = sha256_json([example.id for example in examples])
    return Retriever(featurizer, store, index, targets_of(examples, classes), ids, seconds)


def load_retriever(featurizer: Featurizer, store: FeatureStore, folder: Path) -> Retriever:
    """What `Retriever.save` wrote."""
    content = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    return Retriever(featurizer, store, read_index(folder), from_json(content),
                     content.get("ids"))
