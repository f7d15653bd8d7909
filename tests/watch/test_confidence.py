"""The share right that confidence tells."""

import numpy as np
import pytest

from harness.watch import confidence as module
from harness.watch.confidence import DECIDES, calibrated, thresholded, told
from harness.watch.sides import sides


def alone(before, now):
    return sides([f"a{i}" for i in range(before)], [f"b{i}" for i in range(now)])


def test_calibrated_is_the_mean_of_what_was_right_at_such_confidence():
    # Of two confidences any curve passes through both: at 0.6 half was right, at 0.9 three of four,
    # and three of five new ones are at 0.9. (A weak prior moves it by a little.)
    sure = np.repeat([0.6, 0.9], [200, 400])
    right = np.concatenate([np.arange(200) < 100, np.arange(400) < 300])
    now = np.array([0.9, 0.6, 0.9, 0.6, 0.9])
    assert calibrated(sure, right, np.ones(600), now, np.ones(5)) == pytest.approx(
        (2 * 0.5 + 3 * 0.75) / 5, abs=1e-3)
    assert calibrated(sure, sure > 0, np.ones(600), now, np.ones(5)) == 1.0


def test_thresholded_by_hand():
    # Four of ten were wrong, so the six most sure count, from 0.5 on; five of eight new ones do.
    sure, right = np.arange(1, 11) / 10, np.arange(10) >= 4
    now = np.array([0.1, 0.4, 0.45, 0.5, 0.55, 0.6, 0.9, 1.0])
    assert thresholded(sure, right, np.ones(10), now, np.ones(8)) == 5 / 8


def test_on_the_approved_items_themselves_both_give_their_share():
    rng = np.random.default_rng(0)
    sure, weights = rng.random(200), rng.uniform(0.5, 2, 200)
    right = rng.random(200) < sure
    share = np.average(right, weights=weights)
    assert calibrated(sure, right, weights, sure, weights) == pytest.approx(share, abs=1e-4)
    assert thresholded(sure, right, weights, sure, weights) == pytest.approx(share, abs=0.01)


def test_the_interval_covers_where_texts_shift_and_confidence_keeps_its_meaning(monkeypatch):
    monkeypatch.setattr(module, "DRAWS", 100)
    rng, missed, seen = np.random.default_rng(0), 0, 0
    for draw in range(40):
        sure = np.concatenate([rng.beta(5, 2, 200), rng.beta(3, 3, 150)])
        found = told(sure, rng.random(200) < sure[:200] ** 2, alone(200, 150), draw)[DECIDES]
        # E[u^2] of a beta(a, b) is a (a + 1) / ((a + b) (a + b + 1)).
        held, true = 5 * 6 / (7 * 8), 3 * 4 / (6 * 7)
        missed += not found.drop_low <= held - true <= found.drop_high
        seen += found.p_value <= 0.05
    assert missed <= 7  # binomial of 40 at 5%: more with a chance of 0.1%
    assert seen == 40


def test_where_what_is_right_changed_confidence_shows_nothing():
    """The assumption that docs state: it can fail, and does here."""
    rng = np.random.default_rng(0)
    sure = rng.beta(5, 2, 400)
    found = told(sure, rng.random(200) < sure[:200], alone(200, 200), 0)[DECIDES]
    assert abs(found.drop) < 0.05  # whatever the new items' truth is
