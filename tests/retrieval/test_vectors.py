"""Indexes against a search by brute force."""

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.retrieval.vectors import (
    FLAT_UP_TO,
    HNSW_UP_TO,
    NONE,
    build_index,
    extend_index,
    index_bytes,
    kind_for,
    nearest,
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
    assert sizes["ivf-pq"] < sizes["flat"] / 1.8


def test_what_codes_find_is_put_in_order_by_a_byte_a_dimension():
    index = build_index(VECTORS, "ivf-pq")
    codes = faiss.downcast_index(index.base_index)
    codes.nprobe = codes.nlist
    exact = nearest(build_index(VECTORS, "flat"), ASKED, 10)[1]
    by_codes, refined = codes.search(ASKED, 10)[1], nearest(index, ASKED, 10)[1]

    def share(found):
        return np.mean([len({*a} & {*b}) / 10 for a, b in zip(exact, found, strict=True)])

    assert share(refined) > 0.95
    assert share(refined) > share(by_codes)


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


def test_a_graph_is_the_same_every_time_with_any_number_of_threads():
    threads = faiss.omp_get_max_threads()
    built = []
    try:
        for count in (1, 2, 2):
            faiss.omp_set_num_threads(count)
            index = build_index(VECTORS[:2500], "hnsw")
            extend_index(index, VECTORS[2500:])
            built.append(faiss.serialize_index(index).tobytes())
    finally:
        faiss.omp_set_num_threads(threads)
    assert built[0] == built[1] == built[2]


def by_brute_force(vectors, asked, k):
    """Nearest first, of equals the first, in fp64."""
    cosines = (asked[:, None].astype(float) * vectors[None].astype(float)).sum(axis=2)
    return np.stack([np.lexsort([np.arange(len(vectors)), -row])[:k] for row in cosines])


def repeated(seed, width, distinct, count):
    """Vectors of which many are the same: [count, width]."""
    rng = np.random.default_rng(seed)
    whole = rng.integers(-2, 3, size=(distinct, width)) + (1e-9 if seed % 2 else 0)
    return unit((whole + (rng.normal(size=whole.shape) if seed % 3 else 0))[
        rng.integers(distinct, size=count)])


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.sampled_from([3, 32, 384]), st.integers(1, 12),
       st.integers(1, 90), st.integers(1, 60), st.integers(1, 40))
def test_a_vector_alone_finds_what_it_finds_among_many(seed, width, distinct, count, asked, k):
    vectors = repeated(seed, width, distinct, count)
    questions = vectors[np.random.default_rng(seed).integers(count, size=asked)]
    cosines, found = nearest(build_index(vectors, "flat"), questions, k)
    assert (found == by_brute_force(vectors, questions, k)).all()
    alone = [nearest(build_index(vectors, "flat"), question[None], k) for question in questions]
    assert (found == np.concatenate([places for _, places in alone])).all()
    assert (cosines == np.concatenate([each for each, _ in alone])).all()


@pytest.mark.parametrize("kind", ["hnsw", "ivf-pq"])
def test_an_approximate_index_finds_the_same_for_one_as_for_many(kind):
    vectors = VECTORS[np.random.default_rng(1).integers(len(VECTORS) // 2, size=2000)]
    index = build_index(vectors, kind)
    cosines, found = nearest(index, ASKED, 10)
    alone = [nearest(index, question[None], 10) for question in ASKED]
    assert (found == np.concatenate([places for _, places in alone])).all()
    assert (cosines == np.concatenate([each for each, _ in alone])).all()
    same = cosines[:, 1:] == cosines[:, :-1]
    assert same.any()
    assert (np.diff(found, axis=1)[same] > 0).all()


def test_what_an_approximate_index_does_not_find_is_none():
    index = build_index(VECTORS, "ivf-pq")
    faiss.downcast_index(index.base_index).nprobe = 1
    cosines, found = nearest(index, ASKED, 2000)
    assert ((found == NONE) == np.isneginf(cosines)).all()
    assert (found[:, -1] == NONE).all()
    assert (found[:, 0] != NONE).all()


def test_a_vector_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="not finite"):
        unit(np.array([[np.nan, 1.0]]))
