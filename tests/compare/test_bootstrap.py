"""The vectorised bootstrap against scikit-learn on drawn items, one resample at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score

from harness.compare.bootstrap import METRICS, Answers, bootstrap
from harness.measure.quality import confidence_bins, quality


def answers(items=60, classes=3, runs=2, groups=20, seed=0):
    rng = np.random.default_rng(seed)
    targets = rng.integers(classes, size=items)
    given_ = []
    for _ in range(runs):
        scores = rng.normal(size=(items, classes)) + 1.2 * np.eye(classes)[targets]
        given_.append(np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True))
    numbers = np.r_[np.arange(groups), rng.integers(groups, size=items - groups)]
    return Answers(given_, targets, numbers)


def draws(data, resamples, seed):
    """The weights of the items in each resample: [resamples, items]."""
    rng, drawn = np.random.default_rng(seed), np.ones((resamples, data.group_count))
    for stratum in np.unique(data.strata):
        own = np.flatnonzero(data.strata == stratum)
        n = len(own)
        picked = rng.integers(n, size=(resamples, n - 1))
        drawn[:, own] = [np.bincount(row, minlength=n) * n / (n - 1) for row in picked]
    return drawn[:, data.groups]


def calibration_error(targets, probabilities, weights):
    confidence, gaps = probabilities.max(axis=1), np.zeros(15)
    right = probabilities.argmax(axis=1) == targets
    np.add.at(gaps, confidence_bins(confidence), weights * (right - confidence))
    return np.abs(gaps).sum() / weights.sum()


THEIRS = {
    "accuracy": lambda t, p, w: accuracy_score(t, p.argmax(axis=1), sample_weight=w),
    "micro_f1": lambda t, p, w: f1_score(t, p.argmax(axis=1), average="micro", sample_weight=w),
    "macro_f1": lambda t, p, w: f1_score(t, p.argmax(axis=1), average="macro", sample_weight=w,
                                         labels=np.unique(t[w > 0]), zero_division=0),
    "log_loss": lambda t, p, w: log_loss(t, p, sample_weight=w, labels=range(p.shape[1])),
    "calibration_error": calibration_error,
}


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("metric", [m for m in METRICS if m != "roc_auc"])
def test_each_resample_is_scikit_learn_s_figure_on_the_weighted_items(metric, classes):
    data = answers(classes=classes)
    found = bootstrap(data, resamples=40, seed=3)
    for r, weights in enumerate(draws(data, 40, 3)):
        for run, probabilities in enumerate(data.probabilities):
            theirs = THEIRS[metric](data.targets, probabilities, weights)
            assert found.values[metric][run, r] == pytest.approx(theirs, abs=2e-6)


@given(st.integers(0, 10**6), st.sampled_from([2, 3, 4]))
@settings(max_examples=25, deadline=None)
def test_points_are_the_figures_of_the_record_ties_included(seed, classes):
    rng = np.random.default_rng(seed)
    targets = np.r_[np.arange(classes), rng.integers(classes, size=40)]
    probabilities = rng.integers(1, 4, size=(len(targets), classes)).astype(float)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    found = bootstrap(Answers([probabilities], targets, np.arange(len(targets))), resamples=1)
    figures = quality(probabilities, targets, tuple("abcd"[:classes]))
    for metric in METRICS:
        assert found.points[metric][0] == pytest.approx(getattr(figures, metric), abs=2e-6)


@pytest.mark.parametrize("classes", [2, 3])
def test_resampled_areas_follow_scikit_learn_s(classes):
    data = answers(items=400, classes=classes, groups=400)
    found = bootstrap(data, resamples=200, seed=1).values["roc_auc"][0]
    exact = []
    for weights in draws(data, 200, 1):
        areas = [roc_auc_score(data.targets == c, data.probabilities[0][:, c],
                               sample_weight=weights) for c in range(classes)]
        exact.append(areas[1] if classes == 2 else np.mean(areas))
    assert np.corrcoef(found, exact)[0, 1] > 0.995
    assert found.std() == pytest.approx(np.std(exact), rel=0.04)


def test_the_spread_of_the_area_is_delong_s():
    data = answers(items=300, classes=2, groups=300, runs=1)
    scores, positive = data.probabilities[0][:, 1], data.targets == 1
    wins = (scores[positive][:, None] > scores[~positive][None]).astype(float)
    variance = (wins.mean(axis=1).var(ddof=1) / positive.sum()
                + wins.mean(axis=0).var(ddof=1) / (~positive).sum())
    assert bootstrap(data).values["roc_auc"].std() == pytest.approx(variance**0.5, rel=0.03)


def test_each_class_s_variance_is_unbiased():
    """Of few groups too: the variance of a mean is s squared over n, not over n with n - 1."""
    rng = np.random.default_rng(0)
    right = rng.random(7) < 0.5
    right[:2] = True, False
    targets = np.zeros(7, dtype=int)
    probabilities = np.where(right[:, None], [[0.9, 0.1]], [[0.1, 0.9]])
    found = bootstrap(Answers([probabilities], targets, np.arange(7)), 20_000)
    assert found.values["accuracy"].var() == pytest.approx(right.var(ddof=1) / 7, rel=0.05)


def test_a_rare_class_is_in_every_resample():
    rng = np.random.default_rng(0)
    targets = np.r_[0, rng.integers(1, 3, size=99)]  # one item of the first class
    data = Answers([np.eye(3)[targets] * 0.7 + 0.1], targets, np.arange(100))
    assert bootstrap(data, 500).values["macro_f1"][0] == pytest.approx(1.0)


def test_an_absent_class_leaves_no_area():
    data = Answers([np.full((4, 3), 1 / 3)], np.array([0, 0, 1, 1]), np.arange(4))
    found = bootstrap(data, 5)
    assert np.isnan(found.points["roc_auc"]).all()
    assert np.isnan(found.values["roc_auc"]).all()


def test_an_absent_class_takes_no_part_in_macro_f1():
    """Case test-lacks-class: the bootstrap's figure is the record's, in every resample."""
    right = np.eye(3)[[0, 0, 0, 1, 1, 1]] * 0.8 + 0.1
    wrong = np.where(np.arange(6)[:, None] == 5, [[0.1, 0.1, 0.8]], right)
    targets = np.array([0, 0, 0, 1, 1, 1])
    found = bootstrap(Answers([right, wrong], targets, np.arange(6)), 50)
    assert found.points["macro_f1"] == pytest.approx(
        [quality(p, targets, ("a", "b", "c")).macro_f1 for p in (right, wrong)])
    assert (found.values["macro_f1"][0] == 1).all()


def test_the_spread_is_scipy_s():
    data = answers(groups=60, items=60)
    right = (data.probabilities[0].argmax(axis=1) == data.targets).astype(float)
    ours = np.percentile(bootstrap(data, 8000).values["accuracy"][0], [2.5, 97.5])
    theirs = stats.bootstrap((right,), np.mean, n_resamples=8000, method="percentile",
                             random_state=1).confidence_interval
    assert ours == pytest.approx([theirs.low, theirs.high], abs=0.02)


def test_groups_widen_the_interval_when_their_items_agree():
    rng = np.random.default_rng(0)
    right = np.repeat(rng.random(40) < 0.7, 5)
    probabilities = np.where(right[:, None], [[0.1, 0.9]], [[0.9, 0.1]])
    targets = np.ones(200, dtype=int)
    alone, together = (
        bootstrap(Answers([probabilities], targets, groups), 4000).values["accuracy"]
        for groups in (np.arange(200), np.repeat(np.arange(40), 5)))
    assert together.std() == pytest.approx(alone.std() * np.sqrt(5), rel=0.1)
