"""Probabilities at a temperature, against an independent search."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, softmax

from harness.common.clock import Clock
from harness.methods.link import CLASS_LINKS
from harness.methods.tempered import Tempered, cooled, temperature_of
from harness.tasks.examples import Example

ONE, SEVERAL = CLASS_LINKS["classification"], CLASS_LINKS["multilabel"]


def drawn(count, sure, seed=0):
    """Scores that are `sure` times what is true of labels drawn by them, and the labels."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(count, 3)) * 1.5
    labels = np.array([rng.choice(3, p=row) for row in softmax(scores, axis=1)])
    return softmax(sure * scores, axis=1), labels


def examples(labels, weights=None):
    return [Example(f"{i:016x}", "t", None, int(label), f"g{i}", {},
                    weight=1.0 if weights is None else float(weights[i]))
            for i, label in enumerate(labels)]


@pytest.mark.parametrize("sure", [0.5, 1.0, 3.0])
def test_what_was_too_sure_by_a_factor_is_divided_by_it(sure):
    said, labels = drawn(4000, sure)
    assert temperature_of(said, examples(labels), ONE) == pytest.approx(sure, rel=0.08)


def test_no_other_temperature_of_a_fine_grid_has_a_lower_log_loss():
    said, labels = drawn(200, 2.0)
    weights = np.random.default_rng(1).uniform(0.2, 3, len(labels))
    found = temperature_of(said, examples(labels, weights), ONE)

    worth = weights.sum() ** 2 / (weights**2).sum()
    right, wrong = (worth + 1) / (worth + 3), 1 / (worth + 3)

    def loss(temperature):
        """Each item counts as so much of each class."""
        at = softmax(np.log(said) / temperature, axis=1)
        return sum(np.average(-np.log(at[:, one]) * np.where(labels == one, right, wrong),
                              weights=weights) for one in range(3))

    grid = np.geomspace(0.1, 10, 2001)
    best = grid[np.argmin([loss(one) for one in grid])]
    assert found == pytest.approx(best, rel=0.01)
    assert loss(found) <= min(map(loss, grid)) + 1e-6


def test_of_several_classes_each_is_a_decision():
    rng = np.random.default_rng(2)
    scores = rng.normal(size=(3000, 4))
    has = rng.random(scores.shape) < expit(scores)
    rows = [Example(f"{i:016x}", "t", None, 0, f"g{i}", {}, classes=tuple(np.flatnonzero(row)))
            for i, row in enumerate(has)]
    assert temperature_of(expit(2.5 * scores), rows, SEVERAL) == pytest.approx(2.5, rel=0.08)
    assert cooled(expit(2.5 * scores), 2.5, SEVERAL) == pytest.approx(expit(scores))


@pytest.mark.parametrize(("items", "sure"), [(3, 0.8), (30, 31 / 32), (3000, 3001 / 3002)])
def test_few_items_that_are_all_right_make_nobody_certain(items, sure):
    said = np.tile([0.75, 0.25], (items, 1))
    found = temperature_of(said, examples([0] * items), ONE)
    assert cooled(said, found, ONE)[0, 0] == pytest.approx(sure, abs=1e-3)


@given(st.integers(0, 2**31), st.floats(0.06, 18))
def test_no_answer_changes_and_the_way_back_is_exact(seed, temperature):
    said = np.random.default_rng(seed).dirichlet(np.ones(4), size=5)
    at = cooled(said, temperature, ONE)
    assert at.sum(axis=1) == pytest.approx(1)
    assert (np.argsort(at, kind="stable") == np.argsort(said, kind="stable"))[:, -1].all()
    if temperature > 0.5:
        assert cooled(at, 1 / temperature, ONE) == pytest.approx(said, abs=1e-6)


def test_a_probability_of_nothing_stays_finite():
    class Sure:
        def predict(self, items, clock):
            return np.array([[1.0, 0.0]])

    said = Tempered(Sure(), 2.0, ONE).predict([], Clock())
    assert np.isfinite(said).all()
    assert said[0, 0] > 0.999
