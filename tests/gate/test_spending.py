"""What attempts may spend, and what their bounds then are."""

import math
from fractions import Fraction

import pytest

from harness.gate.bounds import ONE_SIDED, ratio_bounds, requests_needed
from harness.gate.spending import ALPHA, alpha_of, spent_by
from harness.gate.timing import requests_for, turns_needed


def test_all_attempts_without_end_spend_no_more_than_5_percent():
    """1/2 + 1/6 + 1/12 + …, by exact fractions."""
    exact = [Fraction(1, k * (k + 1)) for k in range(1, 2_000)]
    assert [alpha_of(k) / ALPHA for k in range(1, 2_000)] == pytest.approx(list(map(float, exact)))
    for k in (1, 2, 10, 1_999):
        assert spent_by(k) == pytest.approx(ALPHA * float(sum(exact[:k])))
        assert spent_by(k) < ALPHA
    assert spent_by(10**9) == pytest.approx(ALPHA)


@pytest.mark.parametrize("number", [1, 2, 3, 10, 50])
def test_latency_and_memory_have_what_their_bounds_need(number):
    level = 1 - alpha_of(number)
    asked = requests_for(100, ("p95_ms", "p50_ms"), level)
    assert 0.95**asked <= alpha_of(number) * (1 + 1e-9)
    assert asked == 100 or 0.95**(asked - 1) > alpha_of(number)
    assert requests_for(100, ("memory",), level) == 100
    turns = turns_needed(level)
    assert 2.0**-turns <= alpha_of(number) * (1 + 1e-9) < 2.0**-(turns - 1)
    series = [1.0 + 0.01 * (i % 7) for i in range(asked)]
    assert ratio_bounds(series, series, 95, 0, level) is not None
    assert ratio_bounds(series[:requests_needed(95, level) - 1],
                        series[:requests_needed(95, level) - 1], 95, 0, level) is None


def test_without_attempts_all_is_as_it_was():
    assert (turns_needed(ONE_SIDED), requests_for(20, ("p95_ms",), ONE_SIDED)) == (5, 20)
    assert requests_needed(95) == math.ceil(math.log(0.05) / math.log(0.95)) == 59
