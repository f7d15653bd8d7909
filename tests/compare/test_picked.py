"""How much too high the highest of several figures is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.compare.pairs import Sample
from harness.compare.picked import luck


def samples(means, errors):
    """Methods whose errors are each their own."""
    shifts = np.diag(errors)
    return [Sample(str(i), [mean], shifts[i]) for i, mean in enumerate(means)]


@pytest.mark.parametrize(("methods", "expected"), [(2, 0.5642), (3, 0.8463), (5, 1.1630),
                                                   (10, 1.5388)])
def test_of_methods_that_are_alike_it_is_the_mean_of_the_largest_of_so_many_normals(methods,
                                                                                    expected):
    """Expected values of normal order statistics (Teichroew, 1956)."""
    assert luck(samples([0.5] * methods, [0.02] * methods), 1.0) == pytest.approx(
        0.02 * expected, rel=0.05)


def test_what_all_share_and_what_lies_far_apart_is_no_luck():
    together = np.full(30, 0.01)
    alike = [Sample(name, [0.5], together) for name in "ab"]
    assert luck(alike, 1.0) == pytest.approx(0.0, abs=1e-6)
    assert luck(samples([0.9, 0.1], [0.02, 0.02]), 1.0) == pytest.approx(0.0, abs=1e-6)
    assert luck(samples([0.5], [0.1]), 1.0) == 0.0


def test_draws_are_luck_too_and_less_of_a_loss_is_better():
    steady, unsteady = ([Sample(name, points, np.full(9, 1e-4)) for name in "ab"]
                        for points in ([0.5, 0.5], [0.4, 0.6]))
    assert luck(unsteady, -1.0) > 0.01 > luck(steady, -1.0)


@pytest.mark.filterwarnings("error")
def test_figures_so_near_that_the_square_of_what_parts_them_is_none_are_alike():
    near = luck(samples([0.0, 1e-170], [0.02, 0.02]), 1.0)
    assert near == pytest.approx(luck(samples([0.0, 0.0], [0.02, 0.02]), 1.0))


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6), st.floats(0.001, 0.1))
def test_luck_is_never_below_none(means, error):
    assert luck(samples(means, [error] * len(means)), 1.0) >= -0.05 * error
