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
FILE = "index.faiss"


def kind_for(count: int) -> Kind:
    """The kind of index for so many vectors."""
    return "flat" if count <= FLAT_UP_TO else "hnsw" if count <= HNSW_UP_TO else "ivf-pq"


def build_index(vectors: np.ndarray, kind: Kind) -> faiss.Index:
    """An inner-product index over unit `vectors` [count, width] fp32: similarity is the cosine.

    HNSW is Malkov and Yashunin 2018, IVF-PQ Jégou et al. 2011. Built by one thread, since the
    order in which threads add links changes a graph.
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
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        index.add(vectors)
    finally:
        faiss.omp_set_num_threads(threads)


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
    """A copy with rows of length one, fp32."""
    copy = np.array(vectors, dtype=np.float32)
    faiss.normalize_L2(copy)
    return copy


def _compressed(vectors: np.ndarray) -> faiss.Index:
    """An empty IVF-PQ index, trained on a sample: some 4 sqrt(n) lists, of which 1 in 16 is
    searched."""
    count, width = vectors.shape
    lists = max(1, round(4 * math.sqrt(count)))
    parts = width // SUBSPACE if width % SUBSPACE == 0 else math.gcd(width, SUBSPACE)
    index = faiss.IndexIVFPQ(faiss.IndexFlatIP(width), width, lists, parts, 8,
                             faiss.METRIC_INNER_PRODUCT)
    sample = np.random.default_rng(0).permutation(count)[: TRAINING_A_LIST * lists]
    index.cp.min_points_per_centroid = 1
    index.pq.cp.min_points_per_centroid = 1
    index.train(vectors[np.sort(sample)])
    index.nprobe = max(1, lists // 16)
    return index
