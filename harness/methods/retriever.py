"""FAISS retrieval over the training examples."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np

from harness.backbones.features import FeatureStore, Featurizer
from harness.common.clock import Clock
from harness.tasks.examples import Example, indicator

INDEX = "index.faiss"


@dataclass(frozen=True)
class Retriever:
    """An exact inner-product index over unit vectors: similarity is the cosine, in [-1, 1]."""

    featurizer: Featurizer
    store: FeatureStore
    index: faiss.Index
    classes: np.ndarray
    """Which classes each indexed example has, [examples, classes] bool."""
    build_seconds: float = 0.0
    """Adding the vectors to the index; none for one that is read."""

    @property
    def bytes(self) -> int:
        """Size of the index when written."""
        return int(faiss.serialize_index(self.index).nbytes)

    def search(self, examples: Sequence[Example], k: int, clock: Clock
               ) -> tuple[np.ndarray, np.ndarray]:
        """Similarities and positions of the `k` nearest, nearest first, both [examples, k]."""
        vectors = self.store.features(self.featurizer, examples, clock, "encode")
        with clock.phase("retrieve"):
            similarities, positions = self.index.search(_unit(vectors), min(k, self.index.ntotal))
        return similarities, positions

    def save(self, folder: Path) -> None:
        """Write the index and its examples' classes."""
        faiss.write_index(self.index, str(folder / INDEX))
        has = [np.flatnonzero(row).tolist() for row in self.classes]
        content = {"classes": self.classes.shape[1], "has": has}
        (folder / "index.json").write_text(json.dumps(content), encoding="utf-8")


def build_retriever(featurizer: Featurizer, store: FeatureStore, examples: Sequence[Example],
                    classes: int, clock: Clock) -> Retriever:
    """Index exactly the given examples, of so many classes."""
    vectors = _unit(store.features(featurizer, examples, clock, "encode"))
    start = time.perf_counter()
    with clock.phase("index"):
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(vectors)
    seconds = time.perf_counter() - start
    return Retriever(featurizer, store, index, indicator(examples, classes), seconds)


def load_retriever(featurizer: Featurizer, store: FeatureStore, folder: Path) -> Retriever:
    """What `Retriever.save` wrote."""
    content = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    classes = np.zeros((len(content["has"]), content["classes"]), dtype=bool)
    for row, has in zip(classes, content["has"], strict=True):
        row[has] = True
    return Retriever(featurizer, store, faiss.read_index(str(folder / INDEX)), classes)


def _unit(vectors: np.ndarray) -> np.ndarray:
    unit = np.array(vectors, dtype=np.float32)
    faiss.normalize_L2(unit)
    return unit
