"""FAISS indexes of unit vectors: exact where that is quick, approximate where it must be."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

import faiss
import numpy as np

Kind = Literal["flat", "hnsw", "ivf-pq"]
FLAT_UP_TO, HNSW_UP_TO = 50_000, 1_000_000
"""Vectors. Beyond the first a graph is searched, beyond the second compressed lists."""
LINKS, BUILD_WIDTH, SEARCH_WIDTH = 32, 200, 128
SUBSPACE = 8
"""Dimensions a byte of a compressed vector stands for."""
TRAINING_A_LIST = 64
CANDIDATES = 50
"""Vectors that codes find for each that is asked for; a byte a dimension says which are nearest."""
FILE = "index.faiss"
NONE = -1
"""The place of no vector, as FAISS has it."""
CLOSE = 1e-5
"""Cosines in fp32 that differ by less may stand in another order for many vectors than for one;
their error is below 1e-6 for some thousand dimensions."""


def kind_for(count: int) -> Kind:
    """The kind of index for so many vectors."""
    return "flat" if count <= FLAT_UP_TO else "hnsw" if count <= HNSW_UP_TO else "ivf-pq"


def build_index(vectors: np.ndarray, kind: Kind) -> faiss.Index:
    """An inner-product index over unit `vectors` [count, width] fp32: similarity is the cosine.

    HNSW is Malkov and Yashunin 2018, IVF-PQ Jégou et al. 2011.
    """
    width = vectors.shape[1]
    if kind == "flat":
        index: faiss.Index = faiss.IndexFlatIP(width)
    elif kind == "hnsw":
        index = faiss.IndexHNSWFlat(width, LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction, index.hnsw.efSearch = BUILD_WIDTH, SEARCH_WIDTH
    else:
        index = _compressed(vectors)
    extend_index(index, vectors)
    return index


def extend_index(index: faiss.Index, vectors: np.ndarray) -> None:
    """Add unit vectors behind those that are there. What an index learned stays as it is."""
    index.add(vectors)


def nearest(index: faiss.Index, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Cosines and places of the `k` nearest of each of `vectors` [asked, width], unit vectors,
    both [asked, k]: nearest first, of equals the one that was added first.

    Beyond what an approximate index finds, places are `NONE` and cosines minus infinity. What is
    found for a vector does not depend on what else is asked.
    """
    k = min(k, index.ntotal)
    if isinstance(index, faiss.IndexFlat):
        return _exact(index, vectors, k)
    if isinstance(index, faiss.IndexHNSW):
        return _first_of_equals(*index.search(vectors, k))
    # Lists are chosen by other arithmetic for many vectors than for one.
    each = [index.search(vector[None], k) for vector in vectors]
    return _first_of_equals(*(np.concatenate(part) for part in zip(*each, strict=True)))


def index_bytes(index: faiss.Index) -> int:
    """Size when written."""
    return int(faiss.serialize_index(index).nbytes)


def save_index(index: faiss.Index, folder: Path) -> None:
    """Write the index into a folder."""
    faiss.write_index(index, str(folder / FILE))


def open_index(folder: Path) -> faiss.Index:
    """What `save_index` wrote, memory-mapped: for searching. It cannot be extended."""
    return faiss.read_index(str(folder / FILE), faiss.IO_FLAG_MMAP_IFC)


def read_index(folder: Path) -> faiss.Index:
    """What `save_index` wrote, in memory: to be extended."""
    return faiss.read_index(str(folder / FILE))


def unit(vectors: np.ndarray) -> np.ndarray:
    """A copy with rows of length one, fp32. Raises ValueError where a value is not finite."""
    if not np.isfinite(vectors).all():
        raise ValueError("a text's vector is not finite: it cannot be searched")
    copy = np.array(vectors, dtype=np.float32)
    faiss.normalize_L2(copy)
    return copy


def _exact(index: faiss.IndexFlat, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """FAISS says which vectors may be among the `k` nearest; fp64, the same for one and for many,
    says which are."""
    roughly, places = index.search(vectors, min(k + 1, index.ntotal))
    rows = []
    for vector, cosines, found in zip(vectors, roughly, places, strict=True):
        if len(found) > k and cosines[k - 1] - cosines[k] < CLOSE:
            found = index.range_search(vector[None], float(cosines[k - 1]) - CLOSE)[2]
        those = index.reconstruct_batch(found).astype(np.float64)
        exact = (those * vector.astype(np.float64)).sum(axis=1)
        order = np.lexsort([found, -exact])[:k]
        rows.append((exact[order].astype(np.float32), found[order]))
    cosines, places = (np.stack(part) for part in zip(*rows, strict=True))
    return cosines, places


def _first_of_equals(cosines: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Found by an index, of equals the first; `NONE` last."""
    cosines = np.where(places == NONE, -np.inf, cosines)
    order = np.lexsort([places, -cosines])
    return np.take_along_axis(cosines, order, 1), np.take_along_axis(places, order, 1)


def _compressed(vectors: np.ndarray) -> faiss.Index:
    """An empty IVF-PQ index, trained on a sample: some 4 sqrt(n) lists, of which 1 in 16 is
    searched.

    Codes of a byte for 8 dimensions order near neighbours badly (0.63 of the ten nearest of
    100,000 are found by them, 0.96 with what follows), so what they find is put in order by a byte
    for each dimension, which lies on disk where the index is memory-mapped.
    """
    count, width = vectors.shape
    lists = max(1, round(4 * math.sqrt(count)))
    parts = width // SUBSPACE if width % SUBSPACE == 0 else math.gcd(width, SUBSPACE)
    index = faiss.IndexIVFPQ(faiss.IndexFlatIP(width), width, lists, parts, 8,
                             faiss.METRIC_INNER_PRODUCT)
    sample = np.random.default_rng(0).permutation(count)[: TRAINING_A_LIST * lists]
    index.cp.min_points_per_centroid = 1
    index.pq.cp.min_points_per_centroid = 1
    index.nprobe = max(1, lists // 16)
    exact = faiss.IndexScalarQuantizer(width, faiss.ScalarQuantizer.QT_8bit,
                                       faiss.METRIC_INNER_PRODUCT)
    refined = faiss.IndexRefine(index, exact)
    refined.k_factor = CANDIDATES
    refined.train(vectors[np.sort(sample)])
    return refined
