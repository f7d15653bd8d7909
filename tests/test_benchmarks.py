"""Benchmarks are no part of the package: nothing but this reads them on every change."""

import importlib
import pkgutil

import pytest

import benchmarks


@pytest.mark.parametrize("name", [
    module.name for module in pkgutil.walk_packages(benchmarks.__path__, "benchmarks.")])
def test_a_benchmark_imports_what_the_harness_has(name):
    importlib.import_module(name)
