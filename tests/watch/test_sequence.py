"""What is said of labelled items holds at all times."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from harness.watch.sequence import (
    confidence_sequence,
    evidence_of_a_fall,
    log_evidence,
    log_fallen,
)


def mixture(right, wrong, share, upper):
    """The likelihood ratio's mean over shares up to `upper`, by quadrature."""
    value, _ = quad(lambda p: (p / share) ** right * ((1 - p) / (1 - share)) ** wrong, 0, upper,
                    epsabs=0, epsrel=1e-10)
    return value / upper


@pytest.mark.parametrize(("right", "wrong"), [(0, 3), (7, 2), (20, 20), (2.5, 1.5)])
def test_both_mixtures_are_the_integrals_that_they_are(right, wrong):
    assert math.exp(log_evidence(right, wrong, 0.6)) == pytest.approx(
        mixture(right, wrong, 0.6, 1.0))
    fallen = log_fallen(np.array([right]), np.array([wrong]), 0.6)
    assert math.exp(fallen[0]) == pytest.approx(mixture(right, wrong, 0.6, 0.6))


def test_the_ends_are_where_the_evidence_is_enough():
    low, high = confidence_sequence(80, 20, 0.05)
    assert low < 0.8 < high
    for end in (low, high):
        assert log_evidence(80, 20, end) == pytest.approx(math.log(20))
    assert confidence_sequence(0, 0, 0.05) == (0.0, 1.0)
    assert confidence_sequence(100, 0, 0.05)[1] == 1.0
    assert confidence_sequence(0, 100, 0.05)[0] == 0.0


def test_a_fall_by_hand():
    # Two days, one right and one wrong on each; weights 1/2 and 1/6, and 1/3 of days to come.
    expected = (mixture(2, 2, 0.8, 0.8) / 2 + mixture(1, 1, 0.8, 0.8) / 6 + 1 / 3)
    assert evidence_of_a_fall([(1, 1), (1, 1)], 0.8) == pytest.approx(expected)
    assert evidence_of_a_fall([], 0.8) == pytest.approx(1.0)
    assert evidence_of_a_fall([(0, 50)], 0.0) == pytest.approx(1.0)


def test_its_expectation_is_one_at_the_limit_and_at_most_one_above():
    """Over all outcomes of two days of three items, exactly."""
    for share, exact in ((0.7, True), (0.85, False)):
        mean = sum(math.comb(3, a) * math.comb(3, b) * share ** (a + b) * (1 - share) ** (6 - a - b)
                   * evidence_of_a_fall([(a, 3 - a), (b, 3 - b)], 0.7)
                   for a in range(4) for b in range(4))
        assert mean == pytest.approx(1.0) if exact else mean < 1.0


def test_units_between_right_and_wrong_are_no_more_evidence():
    """A group's share right counts as a part of both: by convexity its expectation is no larger."""
    for share in (0.3, 0.5):
        halves = math.exp(log_evidence(share, 1 - share, share))
        whole = share * math.exp(log_evidence(1, 0, share)) + (1 - share) * math.exp(
            log_evidence(0, 1, share))
        assert halves <= whole + 1e-12


def test_over_many_days_both_are_wrong_no_oftener_than_they_say():
    rng, missed, called = np.random.default_rng(0), 0, 0
    for _ in range(200):
        days, bad, fallen = [], False, False
        for _ in range(40):
            right = float(rng.binomial(10, 0.8))
            days.append((right, 10 - right))
            low, high = confidence_sequence(*np.sum(days, axis=0), 0.1)
            bad |= not low <= 0.8 <= high
            fallen |= evidence_of_a_fall(days, 0.8) >= 10
        missed, called = missed + bad, called + fallen
    # Binomial of 200 at 10%: more than 34 with a chance of 0.1%.
    assert missed <= 34
    assert called <= 34


def test_a_fall_after_many_good_days_is_seen_within_a_few():
    days = [(85.0, 15.0)] * 200
    assert evidence_of_a_fall(days, 0.8) < 1
    for late in range(1, 10):
        if evidence_of_a_fall([*days, *[(60.0, 40.0)] * late], 0.8) >= 40:
            break
    assert late <= 2
