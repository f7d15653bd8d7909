"""The smallest difference that is found in four of five studies, by drawing studies."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, t

from harness.check.found import smallest_found

LEVEL = 1 - 0.05 / 28


def found(items, own, draw, draws, level=LEVEL):
    return float(smallest_found(np.array([[items, draw, draw]]),
                                np.array([[own, draws - 1, draws - 1]]), level)[0])


@pytest.mark.parametrize("draws", [2, 3, 4, 8])
@pytest.mark.parametrize("own", [math.inf, 60, 9])
def test_it_is_found_in_four_of_five_studies(own, draws):
    rng, studies, items, each = np.random.default_rng(3), 20_000, 4e-4, 6e-4 / draws
    gap = found(items, own, each, draws)
    shown = items if own == math.inf else items * rng.chisquare(own, studies) / own
    one, other = each * rng.chisquare(draws - 1, (2, studies)) / (draws - 1)
    total = shown + one + other
    below = (one**2 + other**2) / (draws - 1) + (0 if own == math.inf else shown**2 / own)
    threshold = t.ppf((1 + LEVEL) / 2, total**2 / below) * np.sqrt(total)
    seen = gap + rng.normal(0, math.sqrt(items + 2 * each), studies)
    assert (seen > threshold).mean() == pytest.approx(0.8, abs=0.015)


@given(st.floats(1e-6, 1e-1), st.sampled_from([0.95, 0.99, 0.9995]))
def test_of_an_error_that_is_known_it_is_the_sum_of_two_quantiles(variance, level):
    expected = (norm.ppf((1 + level) / 2) + norm.ppf(0.8)) * math.sqrt(variance)
    assert found(variance, math.inf, 0.0, 2, level) == pytest.approx(expected, rel=1e-6)


@given(st.floats(1e-6, 1e-2), st.floats(1e-6, 1e-2), st.integers(2, 12))
def test_more_draws_and_a_lower_bar_find_less(items, draw, draws):
    here = found(items, 50, draw, draws)
    assert found(items, 50, draw / 2, draws + 1) <= here * 1.001  # quantiles are interpolated
    assert found(items, 50, draw, draws, 0.95) < here
    assert here > found(items, math.inf, 0.0, 2)


def test_what_is_not_known_is_found_at_no_size():
    assert found(1e-3, 50, 1e-3, 1) == math.inf
    assert found(math.inf, 50, 1e-3, 3) == math.inf
    assert found(0.0, 50, 0.0, 1) == 0.0
