import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.methods.learning.validated import HeldOut, mean

FIGURES = st.builds(HeldOut, st.none() | st.integers(0, 20).map(lambda right: right / 20),
                    st.floats(0, 9) | st.just(math.nan), st.just(20))


@given(FIGURES, FIGURES)
def test_of_two_at_most_one_is_better(one, other):
    assert one.beats(None)
    assert not (one.beats(other) and other.beats(one))
    assert not one.beats(one)
    if one.outscores(other):
        assert one.beats(other)


@pytest.mark.parametrize(("score", "loss", "better"), [
    (0.55, 9.0, True), (0.549, 0.9, True), (0.549, 1.1, False), (0.45, 0.1, False),
    (0.451, 0.9, True), (None, 0.9, True), (None, 1.1, False)])
def test_the_metric_decides_and_the_loss_where_an_item_could_turn_it(score, loss, better):
    assert HeldOut(score, loss, 20).beats(HeldOut(0.5, 1.0, 20)) == better


def test_whatever_is_finite_is_better_than_what_is_not():
    assert HeldOut(None, 5.0, 9).beats(HeldOut(None, math.nan, 9))
    assert not HeldOut(None, math.nan, 9).beats(HeldOut(None, 5.0, 9))


def test_a_mean_lacks_a_score_where_a_look_does():
    assert mean([HeldOut(0.2, 1.0, 9), HeldOut(0.4, 3.0, 9)]) == HeldOut(
        pytest.approx(0.3), 2.0, 9)
    assert mean([HeldOut(None, 1.0, 9), HeldOut(0.4, 3.0, 9)]) == HeldOut(None, 2.0, 9)
