"""Figures by slice against scikit-learn without each group, and what is a slice."""

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from harness.compare.by_slice import base, measure_slices, slice_columns
from harness.compare.few import unseen
from harness.compare.jackknife import jackknife
from harness.compare.uncertainty import figure
from harness.targets.answers import sliced
from harness.targets.classification import ClassificationAnswers
from harness.targets.metrics import ACCURACY


def answers(items=240, classes=2, groups=80, runs=3, seed=0):
    rng = np.random.default_rng(seed)
    targets = rng.integers(classes, size=items)
    scores = [rng.dirichlet(np.ones(classes), size=items) + 0.4 * np.eye(classes)[targets]
              for _ in range(runs)]
    numbers = np.r_[np.arange(groups), rng.integers(groups, size=items - groups)]
    return ClassificationAnswers(scores, targets, numbers)


def rate(row, column):
    def of(t, p, w):
        table = confusion_matrix(t, p, labels=[0, 1], sample_weight=w)
        return table[row, column] / table[row].sum()
    return of


THEIRS = {
    "accuracy": lambda t, p, w: accuracy_score(t, p, sample_weight=w),
    "macro_f1": lambda t, p, w: f1_score(t, p, average="macro", sample_weight=w, zero_division=0,
                                         labels=np.unique(t[w > 0])),
    "selection_rate": lambda t, p, w: np.average(p == 1, weights=w),
    "false_positive_rate": rate(0, 1), "false_negative_rate": rate(1, 0),
}


@pytest.mark.parametrize(("classes", "measure"), [
    (2, name) for name in THEIRS] + [(4, "accuracy"), (4, "macro_f1")])
def test_without_a_group_it_is_scikit_learn_s_figure_on_the_rest_of_the_slice(classes, measure):
    data = answers(classes=classes)
    inside = np.arange(240) % 3 == 1
    found = measure_slices(data, [[0], [1, 2]], [~inside, inside])[1]
    targets, count = data.targets[inside], len(np.unique(data.groups[inside]))
    runs = [p[inside].argmax(axis=1) for p in data.probabilities]
    points = [THEIRS[measure](targets, run, np.ones(inside.sum())) for run in runs]
    assert found.points[measure] == pytest.approx(points)
    for group in range(data.groups.max() + 1):
        rest = (data.groups[inside] != group).astype(float)
        each = [point - THEIRS[measure](targets, run, rest)
                for point, run in zip(points, runs, strict=True)]
        assert found.shifts[measure][:, group] * (count / (count - 1)) ** 0.5 == pytest.approx(
            [each[0], (each[1] + each[2]) / 2])


def test_the_slice_of_all_items_is_the_whole():
    data = answers()
    everything = measure_slices(data, [[0]], [np.ones(240, bool)])[0]
    assert everything.shifts["macro_f1"][0] == pytest.approx(jackknife(data).shifts["macro_f1"][0])


def test_error_rates_are_of_two_classes_alone():
    two, three = answers(classes=2), answers(classes=3)
    assert {metric.name for metric in set(sliced(two)) - set(sliced(three))} == {
        "selection_rate", "false_positive_rate", "false_negative_rate"}


def test_an_interval_is_that_of_scipy_where_items_are_independent():
    rng = np.random.default_rng(1)
    targets, wrong = rng.integers(2, size=1200), rng.random(1200) < 0.3
    data = ClassificationAnswers([np.eye(2)[np.where(wrong, 1 - targets, targets)]], targets,
                                 np.arange(1200))
    inside = np.arange(1200) % 3 == 0
    found = measure_slices(data, [[0]], [inside])[0]
    ours = figure(ACCURACY, found.points["accuracy"].tolist(), found.shifts["accuracy"],
                  base(data, inside, None).pool)
    theirs = stats.binomtest(int((~wrong[inside]).sum()), 400).proportion_ci(method="wilson")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.006)


def table(**columns):
    return pa.table({"item": ["c", "a", "b"]} | columns)


def test_columns_are_read_in_the_order_of_the_items_and_blanks_are_no_value():
    found = slice_columns(table(**{"slice:z": ["x", None, "y"], "slice:a": ["", " ", "q"],
                                   "p:no": [0.1, 0.2, 0.3]}), ["a", "b", "c"])
    assert [c.name for c in found] == ["a", "z"]
    assert found[0].values == ("q",)
    assert found[0].place.tolist() == [-1, 0, -1]
    assert found[1].values == ("x", "y")
    assert found[1].place.tolist() == [-1, 1, 0]


def test_few_items_or_few_groups_are_not_enough():
    data = ClassificationAnswers([np.eye(2)[np.zeros(90, int)]], np.zeros(90, int),
                   np.r_[np.arange(40), np.repeat(np.arange(40, 45), 10)])
    first = np.arange(90) < 40
    assert base(data, first, None).enough
    assert not base(data, np.arange(90) < 29, None).enough
    few = base(data, ~first, None)
    assert (few.items, few.groups, few.enough) == (50, 5, False)
    assert not base(data, first, 1).enough


def test_agreement_of_all_groups_is_not_certainty():
    data = ClassificationAnswers([np.eye(2)[np.zeros(40, int)]], np.zeros(40, int), np.arange(40))
    least = unseen(ACCURACY, np.zeros(40), base(data, np.ones(40, bool), None).pool) ** 0.5
    wilson = stats.binomtest(40, 40).proportion_ci(method="wilson")
    assert 1 - stats.norm.ppf(0.975) * least == pytest.approx(wilson.low)
