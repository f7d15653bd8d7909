"""Indexes against a search by brute force."""

import numpy as np
import pytest

from harness.retrieval.vectors import (
    FLAT_UP_TO,
    HNSW_UP_TO,
    build_index,
    extend_index,
    index_bytes,
    kind_for,
    open_index,
    read_index,
    save_index,
    unit,
)

RNG = np.random.default_rng(0)
# Neighbours exist: points around 100 centres, as texts lie around topics.
CENTRES = RNG.normal(size=(100, 32))
VECTORS = unit(CENTRES[RNG.integers(100, size=3000)] + 0.4 * RNG.normal(size=(3000, 32)))
ASKED = unit(CENTRES[RNG.integers(100, size=50)] + 0.4 * RNG.normal(size=(50, 32)))
NEAREST = np.argsort(-(ASKED @ VECTORS.T), axis=1)[:, :10]


def recall(found):
    return np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, NEAREST, strict=True)])


def test_the_kind_follows_from_the_size():
    assert [kind_for(n) for n in (1, FLAT_UP_TO, FLAT_UP_TO + 1, HNSW_UP_TO, HNSW_UP_TO + 1)] == [
        "flat", "flat", "hnsw", "hnsw", "ivf-pq"]


def test_a_flat_index_is_exact():
    assert (build_index(VECTORS, "flat").search(ASKED, 10)[1] == NEAREST).all()


@pytest.mark.parametrize(("kind", "least"), [("hnsw", 0.95), ("ivf-pq", 0.3)])
def test_an_approximate_index_finds_most(kind, least):
    assert recall(build_index(VECTORS, kind).search(ASKED, 10)[1]) >= least


def test_a_compressed_index_is_small():
    sizes = {kind: index_bytes(build_index(VECTORS, kind)) for kind in ("flat", "ivf-pq")}
    assert sizes["ivf-pq"] < sizes["flat"] / 3


@pytest.mark.parametrize("kind", ["flat", "hnsw", "ivf-pq"])
def test_an_index_is_written_mapped_and_extended(kind, tmp_path):
    index = build_index(VECTORS[:2500], kind)
    save_index(index, tmp_path)
    wanted = index.search(ASKED, 5)
    assert (open_index(tmp_path).search(ASKED, 5)[1] == wanted[1]).all()
    longer = read_index(tmp_path)
    extend_index(longer, VECTORS[2500:])
    extend_index(index, VECTORS[2500:])
    assert longer.ntotal == 3000
    assert (longer.search(ASKED, 5)[1] == index.search(ASKED, 5)[1]).all()
    assert (longer.search(VECTORS[2500:], 1)[1][:, 0] >= 2500).mean() > 0.7


def test_an_index_is_the_same_every_time():
    first, second = (build_index(VECTORS, "hnsw").search(ASKED, 10) for _ in range(2))
    assert (first[0] == second[0]).all()
