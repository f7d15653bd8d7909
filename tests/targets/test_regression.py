"""Metrics of numbers, against independent implementations."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from harness.compare.jackknife import jackknife
from harness.targets.metrics import MAE, R2, RMSE, SPEARMAN
from harness.targets.regression import (
    Numbered,
    RegressionAnswers,
    number_text,
    numbers_of,
    read_number,
)

METRICS = (R2, SPEARMAN, RMSE, MAE)


def run(seed, items=120, *, ties=False, weighted=False):
    rng = np.random.default_rng(seed)
    actual = 50 + 10 * rng.normal(size=items)
    answered = actual + 8 * rng.normal(size=items)
    if ties:
        actual, answered = np.round(actual, -1), np.round(answered, -1)
    weights = rng.integers(1, 4, items).astype(float) if weighted else None
    return Numbered(answered, actual, weights)


def theirs(one):
    """scikit-learn's and scipy's figures, an item as often as its weight says."""
    times = np.ones(len(one.actual), int) if one.weights is None else one.weights.astype(int)
    actual, answered = np.repeat(one.actual, times), np.repeat(one.answered, times)
    return {"r2": r2_score(actual, answered), "spearman": spearmanr(actual, answered)[0],
            "rmse": root_mean_squared_error(actual, answered),
            "mae": mean_absolute_error(actual, answered)}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("ties", [False, True])
def test_figures_are_scikit_learns_and_scipys(ties, weighted):
    for seed in range(5):
        one = run(seed, ties=ties, weighted=weighted)
        expected = theirs(one)
        for metric in METRICS:
            assert metric.of(one, one.weights) == pytest.approx(expected[metric.name], rel=1e-9)


@pytest.mark.parametrize("ties", [False, True])
def test_leaving_an_item_out_is_the_figure_without_it(ties):
    """To the last digit for sums; of ranks, which the item had a part in, to a thousandth of what
    it moves."""
    one = run(1, ties=ties)
    items = len(one.actual)
    kept = [np.delete(np.arange(items), i) for i in range(items)]
    for metric in METRICS:
        formula = metric.formula()
        each = formula.contributions(one)
        found = formula.finish((each.sum(axis=0) - each).T)
        exact = np.array([theirs(Numbered(one.answered[k], one.actual[k]))[metric.name]
                          for k in kept])
        if metric is SPEARMAN:
            whole = metric.of(one)
            assert np.corrcoef(found, exact)[0, 1] > 0.99999
            assert (found - whole).std() == pytest.approx((exact - whole).std(), rel=0.02)
        else:
            np.testing.assert_allclose(found, exact, rtol=1e-8)


def test_what_does_not_vary_has_no_correlation_and_no_share():
    flat = np.ones(6)
    assert R2.of(Numbered(np.arange(6.0), flat)) is None
    assert SPEARMAN.of(Numbered(np.arange(6.0), flat)) is None
    assert SPEARMAN.of(Numbered(flat, np.arange(6.0))) is None
    assert R2.of(Numbered(np.full(6, 2.5), np.arange(6.0))) == pytest.approx(0.0)


@given(st.integers(0, 1000), st.floats(-1e6, 1e6), st.floats(1e-3, 1e3))
def test_a_unit_changes_errors_alone(seed, shift, scale):
    one = run(seed, 40)
    other = Numbered(shift + scale * one.answered, shift + scale * one.actual)
    for metric in (R2, SPEARMAN):
        assert metric.of(other) == pytest.approx(metric.of(one), abs=1e-5)
    for metric in (RMSE, MAE):
        assert metric.of(other) == pytest.approx(scale * metric.of(one), rel=1e-4)


def test_intervals_hold_the_truth():
    """Of 400 studies of 60 groups of 3 items, whose answers hang together."""
    rng = np.random.default_rng(0)

    def drawn(groups):
        shared = np.repeat(rng.normal(size=(2, groups)), 3, axis=1)
        actual, noise = shared + rng.normal(size=(2, 3 * groups))
        return actual, actual + noise
    actual, answered = drawn(40_000)
    truth = theirs(Numbered(answered, actual))
    held = dict.fromkeys(truth, 0)
    for _ in range(400):
        actual, answered = drawn(60)
        found = jackknife(RegressionAnswers(answered[None], actual, np.repeat(np.arange(60), 3)))
        for name in held:
            ends = found.figure(name, [0])
            held[name] += ends.low <= truth[name] <= ends.high
    least = 0.95 - 3 * (0.95 * 0.05 / 400) ** 0.5  # what 400 studies show of 95% but by chance
    assert all(count >= least * 400 for count in held.values()), held


@pytest.mark.parametrize(("text", "value"), [
    ("3.5", 3.5), ("-2", -2.0), ("−7", -7.0), ("about 4 of 10", 4.0), ("1,200", 1200.0),
    ("3,5", 3.5), ("1,234.5 kg", 1234.5), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0),
    ("Rating: -3.25.", -3.25), ("none", None), ("", None), ("1e999", None)])
def test_a_number_is_read_from_an_answer(text, value):
    found = read_number(text)
    assert math.isnan(found) if value is None else found == value


@given(st.floats(-1e9, 1e9))
def test_a_number_that_is_written_is_read_again(value):
    assert read_number(number_text(value)) == pytest.approx(value, rel=1e-9)


def test_answers_are_a_column():
    assert numbers_of(["1", "no", "2.5"]).shape == (3, 1)
