"""What a candidate forgot, with one-sided bounds."""

import numpy as np
import pytest

from harness.forgetting.figures import forgetting
from harness.forgetting.items import Answer, General
from harness.gate.forgotten import lost_share
from harness.measure.intervals import paired_proportions


def general(**scores):
    return General(tuple(Answer(name, f"{name}:{i}", "acc", "text", "a", "b", float(score))
                         for name, all_scores in scores.items()
                         for i, score in enumerate(all_scores)), (), truncated=0)


def test_one_benchmark_has_tango_s_bounds():
    before, after = general(arc=[1] * 50), general(arc=[1] * 40 + [0] * 10)
    found = lost_share(before, after)
    assert found.value == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx(paired_proportions(10, 0, 50, 0.9))
    wider = forgetting("k", before, after, 0.0).mean
    assert -wider.high < found.low
    assert found.high < -wider.low, "two-sided 95% bounds lie further out than one-sided ones"


def test_the_mean_is_over_benchmarks_and_gains_count_against_losses():
    rng = np.random.default_rng(0)
    before = general(a=rng.integers(0, 2, 30), b=rng.integers(0, 2, 300))
    after = general(a=rng.integers(0, 2, 30), b=rng.integers(0, 2, 300))
    figures = forgetting("k", before, after, 0.0)
    found = lost_share(before, after)
    assert found.value == pytest.approx(-figures.mean.difference)
    assert found.low < found.value < found.high


def test_nothing_changed_is_no_certainty():
    same = general(arc=[1] * 20 + [0] * 20)
    found = lost_share(same, same)
    assert found.value == 0
    assert found.high > 0.03
