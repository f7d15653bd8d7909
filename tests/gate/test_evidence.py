"""By how much what is lost moves with the approved model's own figure."""

import numpy as np
import pytest
from judged import judged

from harness.gate.evidence import quality_evidence
from harness.tasks.examples import Example


@pytest.mark.parametrize("seed", [0, 1])
def test_the_slope_is_that_of_a_regression_over_the_items(seed):
    """Of candidate minus baseline on the baseline: numpy's least squares over 0 and 1."""
    rng = np.random.default_rng(seed)
    targets = np.arange(80) % 2
    before = rng.random(80) < 0.7
    now = np.where(rng.random(80) < 0.6, before, rng.random(80) < 0.8)
    items = [Example(id=str(i), text="t", pair=None, label=int(label), group=str(i), slices={})
             for i, label in enumerate(targets)]
    sides = [np.eye(2)[np.where(right, targets, 1 - targets)] * 0.8 + 0.1
             for right in (now, before)]
    held = quality_evidence(judged(items, *sides)).held["accuracy"]
    slope, _ = np.polyfit(before.astype(float), now.astype(float) - before, 1)
    assert held.slope == pytest.approx(slope)
    assert held.figure.value == pytest.approx(before.mean())


def test_of_a_baseline_that_is_always_right_nothing_moves():
    targets = np.arange(20) % 2
    items = [Example(id=str(i), text="t", pair=None, label=int(label), group=str(i), slices={})
             for i, label in enumerate(targets)]
    right, wrong = (np.eye(2)[side] for side in (targets, 1 - targets))
    assert quality_evidence(judged(items, wrong, right)).held["accuracy"].slope == 0
