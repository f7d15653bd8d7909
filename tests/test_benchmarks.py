"""Benchmarks are no part of the package: nothing but this reads them on every change."""

import importlib
import pkgutil

import numpy as np
import pytest

import benchmarks
from benchmarks.growth.retrieval import K, measure
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
