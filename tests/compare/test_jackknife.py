"""The jackknife against scikit-learn on what is left of the items, one group out at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score

from harness.compare.jackknife import jackknife
from harness.compare.pool import Pool
from harness.measure.quality import quality
from harness.targets.classification import ClassificationAnswers
from harness.targets.kinds import KINDS
from harness.targets.marked import confidence_bins
from harness.targets.metrics import ACCURACY, MACRO_F1

METRICS = [metric.name for metric in KINDS["classification"].own]


def answers(items=60, classes=3, runs=2, groups=20, seed=0):
    rng = np.random.default_rng(seed)
    targets = rng.integers(classes, size=items)
    given_ = []
    for _ in range(runs):
        scores = rng.normal(size=(items, classes)) + 1.2 * np.eye(classes)[targets]
        given_.append(np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True))
    numbers = np.r_[np.arange(groups), rng.integers(groups, size=items - groups)]
    return ClassificationAnswers(given_, targets, numbers)


def whole(found, metric, run):
    """The metric on all items; of a calibration error with the part that noise makes."""
    return (found.calibration[run].found if metric == "calibration_error"
            else found.points[metric][run])


def left(data, found, metric, run):
    """The metric without each group, from what each moves it by: [groups]."""
    n = (data.groups.max() + 1)
    return whole(found, metric, run) - found.shifts[metric][run] * (n / (n - 1)) ** 0.5


def weights(data):
    """The weight of each item where a group is left out: a row a group."""
    return [(data.groups != g).astype(float) for g in range(data.groups.max() + 1)]


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
def test_without_a_group_it_is_scikit_learn_s_figure_on_the_other_items(metric, classes):
    data = answers(classes=classes)
    found = jackknife(data)
    for run, probabilities in enumerate(data.probabilities):
        theirs = [THEIRS[metric](data.targets, probabilities, w) for w in weights(data)]
        assert left(data, found, metric, run) == pytest.approx(theirs)


@given(st.integers(0, 10**6), st.sampled_from([2, 3, 4]))
@settings(max_examples=25, deadline=None)
def test_points_are_the_figures_of_the_record_ties_included(seed, classes):
    rng = np.random.default_rng(seed)
    targets = np.r_[np.arange(classes), rng.integers(classes, size=40)]
    probabilities = rng.integers(1, 4, size=(len(targets), classes)).astype(float)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    found = jackknife(ClassificationAnswers([probabilities], targets, np.arange(len(targets))))
    figures = quality(probabilities, targets, tuple("abcd"[:classes]))
    for metric in METRICS:
        assert whole(found, metric, 0) == pytest.approx(getattr(figures, metric), abs=2e-6)


@pytest.mark.parametrize("classes", [2, 3])
def test_areas_without_a_group_follow_scikit_learn_s(classes):
    data = answers(items=400, classes=classes, groups=100)
    ours = left(data, jackknife(data), "roc_auc", 0)
    exact = []
    for w in weights(data):
        areas = [roc_auc_score(data.targets == c, data.probabilities[0][:, c], sample_weight=w)
                 for c in range(classes)]
        exact.append(areas[1] if classes == 2 else np.mean(areas))
    assert np.corrcoef(ours, exact)[0, 1] > 0.995
    assert ours.std() == pytest.approx(np.std(exact), rel=0.04)


def error(found, metric, run=0):
    return float(np.sqrt((found.shifts[metric][run] ** 2).sum()))


def test_the_error_of_the_area_is_delong_s():
    data = answers(items=300, classes=2, groups=300, runs=1)
    scores, positive = data.probabilities[0][:, 1], data.targets == 1
    wins = (scores[positive][:, None] > scores[~positive][None]).astype(float)
    variance = (wins.mean(axis=1).var(ddof=1) / positive.sum()
                + wins.mean(axis=0).var(ddof=1) / (~positive).sum())
    assert error(jackknife(data), "roc_auc") == pytest.approx(variance**0.5, rel=0.01)


def test_the_error_of_a_mean_is_its_standard_error():
    data = answers(groups=60, items=60)
    right = (data.probabilities[0].argmax(axis=1) == data.targets).astype(float)
    assert error(jackknife(data), "accuracy") == pytest.approx(stats.sem(right))


def test_the_error_of_a_mean_over_lumpy_groups_is_the_ratio_estimator_s():
    """Leaving out a group, of the ratio of sums, against the same by scipy's weighted sums."""
    data = answers(items=90, groups=9)
    right = (data.probabilities[0].argmax(axis=1) == data.targets).astype(float)
    hits, sizes = np.bincount(data.groups, right), np.bincount(data.groups)
    each = (hits.sum() - hits) / (sizes.sum() - sizes)
    theirs = np.sqrt(8 / 9 * ((each - right.mean()) ** 2).sum())
    assert error(jackknife(data), "accuracy") == pytest.approx(theirs)


def test_a_class_that_lives_in_one_group_is_not_held_fixed():
    """Two methods that differ in the only group of a class differ by no more than one group."""
    targets = np.repeat([0, 1, 2], [20, 20, 10])
    groups = np.r_[np.arange(40), np.full(10, 40)]
    good = np.eye(3)[targets] * 0.7 + 0.1
    worse = np.where((targets == 2)[:, None], np.eye(3)[0] * 0.7 + 0.1, good)
    found = jackknife(ClassificationAnswers([good, worse], targets, groups))
    gap = found.points["macro_f1"] @ [1, -1]
    shift = found.shifts["macro_f1"][0] - found.shifts["macro_f1"][1]
    assert gap > 0.3
    assert gap / np.sqrt((shift**2).sum()) < 1.1


def test_an_absent_class_leaves_no_area():
    data = ClassificationAnswers([np.full((4, 3), 1 / 3)], np.array([0, 0, 1, 1]), np.arange(4))
    found = jackknife(data)
    assert np.isnan(found.points["roc_auc"]).all()
    assert np.isnan(found.shifts["roc_auc"]).all()


def test_an_absent_class_takes_no_part_in_macro_f1():
    """Case test-lacks-class: the jackknife's figure is the record's."""
    right = np.eye(3)[[0, 0, 0, 1, 1, 1]] * 0.8 + 0.1
    wrong = np.where(np.arange(6)[:, None] == 5, [[0.1, 0.1, 0.8]], right)
    targets = np.array([0, 0, 0, 1, 1, 1])
    found = jackknife(ClassificationAnswers([right, wrong], targets, np.arange(6)))
    assert found.points["macro_f1"] == pytest.approx(
        [quality(p, targets, ("a", "b", "c")).macro_f1 for p in (right, wrong)])
    assert (found.shifts["macro_f1"][0] == 0).all()


def test_groups_widen_the_error_when_their_items_agree():
    rng = np.random.default_rng(0)
    right = np.repeat(rng.random(40) < 0.7, 5)
    probabilities = np.where(right[:, None], [[0.1, 0.9]], [[0.9, 0.1]])
    targets = np.ones(200, dtype=int)
    alone, together = (
        error(jackknife(ClassificationAnswers([probabilities], targets, groups)), "accuracy")
        for groups in (np.arange(200), np.repeat(np.arange(40), 5)))
    assert together == pytest.approx(alone * np.sqrt(5), rel=0.02)


@given(st.lists(st.integers(1, 30), min_size=2, max_size=20))
def test_groups_of_unequal_size_are_worth_fewer(sizes):
    pool = Pool.of(np.repeat(np.arange(len(sizes)), sizes))
    assert (pool.groups, pool.items) == (len(sizes), sum(sizes))
    assert 1 - 1e-9 <= pool.alike <= len(sizes) + 1e-9
    assert pool.alike == pytest.approx(
        len(sizes) / (1 + np.var(sizes) / np.mean(sizes) ** 2))  # Kish's 1 + cv²
    assert (abs(pool.alike - len(sizes)) < 1e-9) == (len(set(sizes)) == 1)


def test_a_mean_over_classes_is_worth_the_groups_of_its_classes():
    groups = np.r_[np.zeros(26, int), np.arange(1, 75)]
    actual = np.eye(2, dtype=bool)[(groups > 0).astype(int)]
    pool = Pool.of(groups, actual)
    assert pool.effective(ACCURACY) == pytest.approx(100**2 / (26**2 + 74))
    assert pool.effective(MACRO_F1) == pytest.approx(1 / (0.5**2 + 74 * (0.5 / 74) ** 2))
    assert pool.classes.groups.tolist() == [1, 74]
