"""The rule on what merging changes."""

from types import SimpleNamespace

import pytest
from statsmodels.stats.proportion import proportion_confint

from harness.gate.bounds import Bounds
from harness.gate.merged import APART, NOTHING, merge_evidence
from harness.measure.merge import Merge


def candidate(merge=None, record=True, adapter=False):
    return SimpleNamespace(record=SimpleNamespace(merge=merge) if record else None,
                           admitted=None if record else SimpleNamespace(is_adapter=adapter))


def test_bounds_are_those_of_clopper_and_pearson():
    found = merge_evidence(candidate(Merge(items=60, changed=3, better=1, worse=2, p_value=1.0)))
    assert isinstance(found, Bounds)
    assert found.value == 0.05
    assert (found.low, found.high) == pytest.approx(
        proportion_confint(3, 60, alpha=0.1, method="beta"))
    assert "3 of 60 items" in found.about


def test_what_has_nothing_to_merge_changes_nothing():
    assert merge_evidence(candidate()) == NOTHING
    assert merge_evidence(candidate(record=False)) == NOTHING


def test_without_a_merged_model_the_reason_stands_for_the_figure():
    assert merge_evidence(candidate(Merge(reason="PEFT cannot merge it: no"))) == (
        "PEFT cannot merge it: no")
    assert merge_evidence(candidate(record=False, adapter=True)) == APART
