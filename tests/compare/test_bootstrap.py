"""The vectorised bootstrap against scikit-learn on drawn items, one resample at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from harness.compare.bootstrap import Answers, bootstrap, roc_auc
from harness.measure.quality import quality

METRICS = ("accuracy", "micro_f1", "macro_f1", "log_loss", "calibration_error", "roc_auc")


def answers(items=60, classes=3, runs=2, groups=20, seed=0):
    rng = np.random.default_rng(seed)
    targets = rng.integers(classes, size=items)
    given_ = []
    for _ in range(runs):
        scores = rng.normal(size=(items, classes)) + 1.2 * np.eye(classes)[targets]
        given_.append(np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True))
    numbers = np.r_[np.arange(groups), rng.integers(groups, size=items - groups)]
    return Answers(given_, targets, numbers)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("metric", METRICS)
def test_each_resample_is_scikit_learn_s_figure_on_the_drawn_items(metric, classes):
    data = answers(classes=classes)
    found = bootstrap(data, metric, resamples=40, seed=3)
    strata = np.array([np.bincount(data.targets[data.groups == g], minlength=classes).argmax()
                       for g in range(20)])
    rng, drawn = np.random.default_rng(3), np.zeros((40, 20), dtype=int)
    for stratum in range(classes):
        own = np.flatnonzero(strata == stratum)
        drawn[:, own] = rng.multinomial(len(own), np.full(len(own), 1 / len(own)), 40)
    labels = tuple("abc"[:classes])
    for r, counts in enumerate(drawn):
        items = np.repeat(np.arange(60), counts[data.groups])
        for run, probabilities in enumerate(data.probabilities):
            figures = quality(probabilities[items], data.targets[items], labels)
            assert found[run, r] == pytest.approx(getattr(figures, metric), abs=1e-9)


@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_areas_with_ties_are_scikit_learn_s(seed):
    rng = np.random.default_rng(seed)
    scores = rng.integers(4, size=30) / 4
    targets = np.r_[0, 1, rng.integers(2, size=28)]
    both = np.column_stack([1 - scores, scores])
    assert roc_auc(both, targets, np.ones((1, 30)))[0] == pytest.approx(
        roc_auc_score(targets, scores))


def test_a_rare_class_is_in_every_resample():
    rng = np.random.default_rng(0)
    targets = np.r_[0, rng.integers(1, 3, size=99)]  # one item of the first class
    data = Answers([np.eye(3)[targets] * 0.7 + 0.1], targets, np.arange(100))
    assert set(bootstrap(data, "macro_f1", 500)[0]) == {1.0}


def test_a_class_that_is_not_drawn_leaves_no_area():
    weights = np.array([[1.0, 0.0], [1.0, 1.0]])
    both = np.array([[0.9, 0.1], [0.2, 0.8]])
    found = roc_auc(both, np.array([0, 1]), weights)
    assert np.isnan(found[0])
    assert found[1] == 1.0


def test_the_spread_is_scipy_s():
    data = answers(groups=60, items=60)
    right = (data.probabilities[0].argmax(axis=1) == data.targets).astype(float)
    ours = np.percentile(bootstrap(data, "accuracy", 8000)[0], [2.5, 97.5])
    theirs = stats.bootstrap((right,), np.mean, n_resamples=8000, method="percentile",
                             random_state=1).confidence_interval
    assert ours == pytest.approx([theirs.low, theirs.high], abs=0.02)


def test_groups_widen_the_interval_when_their_items_agree():
    rng = np.random.default_rng(0)
    right = np.repeat(rng.random(40) < 0.7, 5)
    probabilities = np.where(right[:, None], [[0.1, 0.9]], [[0.9, 0.1]])
    targets = np.ones(200, dtype=int)
    alone = bootstrap(Answers([probabilities], targets, np.arange(200)), "accuracy", 4000)
    together = bootstrap(Answers([probabilities], targets, np.repeat(np.arange(40), 5)),
                         "accuracy", 4000)
    assert together.std() == pytest.approx(alone.std() * np.sqrt(5), rel=0.1)
