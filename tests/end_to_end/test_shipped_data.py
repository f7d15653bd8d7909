"""The data of the suites that ship, as they are fetched."""

from pathlib import Path

import pytest

from harness.suite import load_suite
from harness.tasks.task import class_counts, load_task

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.end_to_end

COUNTS = {
    "sentiment": {"fresh": 7368, "rotten": 5383},
    "medical": {"yes": 276, "no": 169, "maybe": 55},
    "newswire": {"earn": 2835, "acq": 1591, "crude": 245, "trade": 239, "money-fx": 191,
                 "interest": 172, "ship": 105, "grain": 41},
}
"""Items by class, after texts that stand twice and those under two classes are left out."""


@pytest.fixture(autouse=True)
def user_s_own_cache(own_cache, monkeypatch):
    """The real cache: fetching several wheels once is enough."""
    monkeypatch.delenv("HARNESS_CACHE", raising=False)


@pytest.mark.parametrize("suite", COUNTS)
def test_a_suite_s_data_is_what_its_figures_were_got_from(suite):
    task = load_task(load_suite(ROOT / "suites" / f"{suite}.yaml"))
    parts = (task.splits.train, task.splits.validation, task.splits.test)
    assert class_counts(parts, task.labels) == COUNTS[suite]
    groups = [{item.group for item in part} for part in parts]
    assert sum(map(len, groups)) == len(set.union(*groups)) == task.facts.groups
    assert all(min(class_counts([part], task.labels).values()) for part in parts)


def test_words_are_rated_from_minus_four_to_four_and_stems_stay_together():
    task = load_task(load_suite(ROOT / "suites" / "valence.yaml"))
    parts = (task.splits.train, task.splits.validation, task.splits.test)
    assert [len(part) for part in parts] == [4320, 1090, 1791]
    assert task.facts.conflicting == 16
    values = [item.value for part in parts for item in part]
    assert min(values) >= -4
    assert max(values) <= 4
    groups = [{item.group for item in part} for part in parts]
    assert sum(map(len, groups)) == len(set.union(*groups)) == task.facts.groups
    assert all({item.label for item in part} == set(range(5)) for part in parts)
