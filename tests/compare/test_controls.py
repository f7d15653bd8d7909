"""The regression estimator, against scikit-learn and the textbook's formula."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from harness.compare.controls import NOT, narrowed


def shifts_of(scores, few):
    """A mean's jackknife shifts by item, of the first `few` and of all: [all] each."""
    by_few, by_all = np.zeros(len(scores)), (scores - scores.mean()) / len(scores)
    by_few[:few] = (scores[:few] - scores[:few].mean()) / few
    return by_few, by_all


def test_of_means_it_is_the_textbook_s_regression_estimator():
    rng, few = np.random.default_rng(0), 200
    easy = rng.normal(size=200_000)
    dear, cheap = easy + rng.normal(size=easy.size), easy + rng.normal(size=easy.size)
    moved, _ = shifts_of(dear, few)
    by_few, by_all = shifts_of(cheap, few)
    apart = cheap[:few].mean() - cheap.mean()
    found = narrowed(moved, (by_few - by_all)[None], np.array([apart]))
    slope, _ = np.polyfit(cheap[:few], dear[:few], 1)
    assert found.offset == pytest.approx(-slope * apart, rel=0.01)
    left = np.sqrt(1 - np.corrcoef(cheap[:few], dear[:few])[0, 1] ** 2)
    assert found.ratio == pytest.approx(left, rel=0.02)


def test_what_is_left_is_what_coefficients_without_each_group_leave():
    rng = np.random.default_rng(1)
    beside = rng.normal(size=(2, 30))
    moved = np.array([0.5, -0.3]) @ beside + rng.normal(size=30)
    apart, left = np.array([0.1, 0.2]), []
    for group in range(30):
        others = np.arange(30) != group
        fit = LinearRegression(fit_intercept=False).fit(beside[:, others].T, moved[others])
        left.append(moved[group] - fit.predict(beside[:, [group]].T)[0])
    found = narrowed(moved, beside, apart)
    whole = LinearRegression(fit_intercept=False).fit(beside.T, moved)
    assert found.ratio == pytest.approx(np.linalg.norm(left) / np.linalg.norm(moved))
    assert found.offset == pytest.approx(-whole.coef_ @ apart)


@pytest.mark.parametrize("beside", [np.zeros((1, 8)), np.tile([1.0, -1.0], 4)[None]])
def test_controls_that_tell_nothing_leave_it_as_it_is(beside):
    moved = np.repeat([1.0, -1.0], 4) * np.array([1, 1, -1, -1] * 2)
    assert narrowed(moved, beside, np.array([0.3])) is NOT


def test_a_sure_estimate_stays():
    assert narrowed(np.zeros(5), np.ones((1, 5)), np.ones(1)) is NOT
