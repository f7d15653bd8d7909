"""Vectors of passages for indexes of any size: real ones, and more of them made from these.

Vectors drawn without structure would say nothing of an index that compresses: in 384 directions
all of them are equally far from a question, and no code of 48 bytes can order them.
"""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np

from harness.backbones.encoding.features import Embedder, FeatureStore
from harness.backbones.handle import get_embedder
from harness.common.cache import cache_folder
from harness.common.clock import Clock
from harness.common.device import detect
from harness.retrieval.vectors import unit
from harness.suite import load_suite
from harness.tasks.task import load_task

SUITES = Path(__file__).parents[2] / "suites"
TOKENS = 64
NEIGHBOURS = 10
SPREAD = 0.5
"""How much of the difference of another near pair is added to a made vector."""
ROWS = 50_000
DECIMALS = 3
"""At which numbers are equal: bf16, and the batch that a text is in, change the rest."""


def real_vectors() -> np.ndarray:
    """Embeddings of the legal suite's texts by its embedder, [texts, 384] unit fp32, shuffled.

    Cut at 64 tokens, many texts are equal: see `distinct`.
    """
    loaded, device = load_suite(SUITES / "legal.yaml"), detect()
    splits = load_task(loaded).splits
    texts = (*splits.train, *splits.validation, *splits.test)
    embedder = Embedder(get_embedder(loaded), TOKENS, device)
    vectors = FeatureStore(cache_folder() / "features").features(
        embedder.featurizer("alike"), texts, Clock(), "encode")
    return unit(vectors[np.random.default_rng(0).permutation(len(vectors))])


def distinct(vectors: np.ndarray) -> np.ndarray:
    """Those that have no equal among the ones before them."""
    _, first = np.unique(vectors.round(DECIMALS), axis=0, return_index=True)
    return vectors[np.sort(first)]


def grown(real: np.ndarray, count: int) -> np.ndarray:
    """`count` unit vectors: the real ones, then made ones. Smaller sets are prefixes of larger.

    A made vector lies between a real one and one of its 10 nearest (SMOTE, Chawla et al. 2002),
    moved by half the difference of another such pair: noise of the shape that near texts have.
    """
    rng, near = np.random.default_rng(1), _nearest(real)
    found = np.empty((count, real.shape[1]), dtype=np.float32)
    found[: len(real)] = real[:count]
    for start in range(len(real), count, ROWS):
        # A whole block is drawn each time, so that a smaller set is a prefix of a larger.
        block = _between(real, near, rng)
        found[start:start + ROWS] = block[: min(ROWS, count - start)]
    return found


def _between(real: np.ndarray, near: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    first, other = rng.integers(len(real), size=(2, ROWS))
    second, moved = (near[of, rng.integers(near.shape[1], size=ROWS)] for of in (first, other))
    share = rng.random((ROWS, 1), dtype=np.float32)
    return unit(real[first] + share * (real[second] - real[first])
                + SPREAD * (real[other] - real[moved]))


def _nearest(real: np.ndarray) -> np.ndarray:
    """Places of each vector's nearest others, [vectors, at most 10]."""
    index = faiss.IndexFlatIP(real.shape[1])
    index.add(real)
    return np.asarray(index.search(real, min(NEIGHBOURS + 1, len(real)))[1])[:, 1:]


def dimension(vectors: np.ndarray, sample: int = 2000) -> float:
    """Intrinsic dimension by the two nearest neighbours (Facco et al. 2017, maximum likelihood).

    Vectors with an equal at distance 0 are left out.
    """
    index = faiss.IndexFlatL2(vectors.shape[1])
    index.add(vectors)
    chosen = np.random.default_rng(0).permutation(len(vectors))[:sample]
    squares = index.search(vectors[chosen], 3)[0].clip(min=0)
    squares = squares[squares[:, 1] > 1e-6]
    return float(2 * len(squares) / np.log(squares[:, 2] / squares[:, 1]).sum())
