import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.backbones.encoding.features import FeatureStore, Featurizer
from harness.common.clock import Clock
from harness.common.files import sha256_json
from harness.measure.latency import measure_latency
from harness.measure.retrieval import retrieval
from harness.methods.retriever import build_retriever
from harness.suite import Latency
from harness.tasks.examples import Example


class Sleeper:
    """Predicts after a while, and keeps who was asked when."""

    def __init__(self, name, seconds, log):
        self.name, self.seconds, self.log = name, seconds, log

    def predict(self, examples, clock):
        self.log.append((self.name, len(examples)))
        with clock.phase("predict"):
            time.sleep(self.seconds)


ITEMS = [Example(str(i), "t", None, 0, "g", {}) for i in range(3)]


def test_rounds_are_interleaved_and_warmed_up(device):
    log = []
    methods = {name: Sleeper(name, seconds, log) for name, seconds in (("a", .001), ("b", .01))}
    figures = measure_latency(methods, ITEMS, Latency(requests=20, warmup=2, batch=4, batches=2),
                              device, "round", lambda text: None)
    assert log[:4] == [("a", 1), ("a", 1), ("b", 1), ("b", 1)]
    assert log[4:8] == [("a", 1), ("b", 1), ("b", 1), ("a", 1)]
    assert log[-4:] == [("a", 4), ("b", 4), ("b", 4), ("a", 4)]
    assert 10 <= figures["b"].p50_ms < 60
    assert figures["b"].p95_ms >= figures["b"].p50_ms
    assert figures["b"].p99_ms is None
    assert figures["b"].items_per_second <= 400
    assert figures["b"].phases_ms["predict"] <= figures["b"].mean_ms


def test_percentiles_need_enough_requests(device):
    methods = {"a": Sleeper("a", 0, [])}
    few = measure_latency(methods, ITEMS, Latency(requests=19, warmup=1), device, "r", print)["a"]
    many = measure_latency(methods, ITEMS, Latency(requests=100, warmup=1), device, "r", print)["a"]
    assert few.p95_ms is None
    assert many.p50_ms <= many.p95_ms <= many.p99_ms


def planted(vectors):
    """A featurizer that knows the vector of each example's text."""
    table = {str(i): v for i, v in enumerate(vectors)}
    return Featurizer("planted", lambda: lambda es: np.stack([table[e.text] for e in es]))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 5))
def test_the_index_finds_what_plain_numpy_finds(seed, k):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(30, 8)).astype(np.float32)
    examples = [Example(str(i), str(i), None, int(rng.integers(3)), "g", {}) for i in range(30)]
    known, asked = examples[:20], examples[20:]
    retriever = build_retriever(planted(vectors), FeatureStore(None), known, 3, Clock())
    similarities, positions = retriever.search(asked, k, Clock())
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = unit[20:] @ unit[:20].T
    np.testing.assert_allclose(similarities, -np.sort(-cosines, axis=1)[:, :k], atol=1e-5)
    assert np.array_equal(positions, np.argsort(-cosines, axis=1)[:, :k])
    found = retrieval(retriever, k, asked)
    same = [[known[p].label == e.label for p in row]
            for e, row in zip(asked, positions, strict=True)]
    assert found.same_label_hit_rate == pytest.approx(np.mean([any(row) for row in same]))
    assert found.same_label_share == pytest.approx(np.mean(same))
    assert found.indexed == 20
    assert found.indexed_sha256 == sha256_json([e.id for e in known])
    # A flat index is its vectors (8 floats of 4 bytes each) and a small header.
    assert 20 * 8 * 4 < found.index_bytes < 20 * 8 * 4 + 200


def test_k_is_at_most_what_is_indexed():
    vectors = np.eye(4, dtype=np.float32)
    examples = [Example(str(i), str(i), None, 0, "g", {}) for i in range(4)]
    retriever = build_retriever(planted(vectors), FeatureStore(None), examples[:3], 1, Clock())
    assert retriever.search(examples[3:], 8, Clock())[1].shape == (1, 3)
