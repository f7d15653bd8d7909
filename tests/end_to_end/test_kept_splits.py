"""The splits of the suites that ship are those that their approved models were made on."""

from pathlib import Path

import pytest

from harness.gate.baseline import read_baseline
from harness.suite import load_suite
from harness.tasks.task import load_task

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.end_to_end


@pytest.mark.parametrize("suite", ["legal", "privacy"])
def test_the_splits_are_as_they_were(suite, own_cache, monkeypatch):
    monkeypatch.delenv("HARNESS_CACHE", raising=False)
    task = load_task(load_suite(ROOT / "suites" / f"{suite}.yaml"))
    assert task.splits.sha256 == read_baseline(ROOT / "baselines" / f"{suite}.json").splits_sha256
