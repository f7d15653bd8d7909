"""Benchmarks are no part of the package: nothing but this reads them on every change."""

import importlib
import pkgutil

import numpy as np
import pytest

import benchmarks
from benchmarks import validity
from benchmarks.growth.retrieval import K, measure
from harness.compare.pairs import differences
from harness.retrieval.vectors import unit


@pytest.mark.parametrize("name", [
    module.name for module in pkgutil.walk_packages(benchmarks.__path__, "benchmarks.")])
def test_a_benchmark_imports_what_the_harness_has(name):
    importlib.import_module(name)


def test_an_index_is_built_searched_and_measured(tmp_path):
    vectors = unit(np.random.default_rng(0).normal(size=(120, 16)))
    np.save(tmp_path / "passages.npy", vectors)
    np.save(tmp_path / "questions.npy", vectors[:5])
    found = measure("flat", tmp_path, 7)
    assert (found.passages, found.made) == (120, 7)
    assert K < 120
    assert found.recall_at_10 == 1.0


def test_what_is_simulated_is_compared_as_a_study_compares(monkeypatch):
    """Shares of items item by item, all else by resamples alone."""
    seen = {}

    def listening(metric, samples, pool):
        seen[metric] = [sample.scores for sample in samples]
        return differences(metric, samples, pool)

    monkeypatch.setattr(validity, "differences", listening)
    monkeypatch.setattr(validity, "LARGE", 600)
    found = validity.examine(validity.Scenario("two seeds", items=60, seeds=2, seed_sd=0.1), 1)
    assert set(found) == set(seen) == set(validity.METRIC_NAMES)
    for scores in seen.pop("accuracy"):
        assert set(scores) <= {0.0, 0.5, 1.0}
    assert all(score is None for scores in seen.values() for score in scores)
