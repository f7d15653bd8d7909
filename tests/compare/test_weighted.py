"""Weighted items against scikit-learn's `sample_weight`, and against items that are repeated."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    hamming_loss,
    label_ranking_average_precision_score,
    log_loss,
    roc_auc_score,
)
from synthetic import examples, record
from test_by_slice import THEIRS as BY_SLICE
from test_jackknife import THEIRS, answers

from harness.common.errors import HarnessError
from harness.compare.arms import measure_arms
from harness.compare.by_slice import base, measure_slices
from harness.compare.jackknife import jackknife, leave_out
from harness.compare.pairs import Sample, differences
from harness.compare.pool import Pool
from harness.measure.multilabel import set_quality
from harness.measure.quality import quality
from harness.measure.slices import slices
from harness.study.tables import class_table
from harness.targets.classification import ClassificationAnswers, indicated
from harness.targets.kinds import KINDS
from harness.targets.metric import Statistic
from harness.targets.metrics import ACCURACY
from harness.targets.multilabel import MultilabelAnswers

LABELS = ("a", "b", "c", "d")
METRICS = [metric.name for metric in KINDS["classification"].own]


def weighted(classes=3, seed=0, whole=False):
    """ClassificationAnswers with weights, as whole numbers or not."""
    rng = np.random.default_rng(seed)
    data = answers(items=60, classes=classes, groups=15, seed=seed)
    own = rng.integers(1, 5, 60).astype(float) if whole else rng.gamma(1.0, size=60) + 0.05
    return dataclasses.replace(data, weights=own)


def several(seed=0, whole=False):
    """The same where an item may have several classes."""
    rng = np.random.default_rng(seed)
    actual = rng.random((60, 3)) < (0.5, 0.4, 0.3)
    scores = [np.clip(actual * 0.3 + rng.random((60, 3)) * 0.7, 0, 1) for _ in range(2)]
    own = rng.integers(1, 5, 60).astype(float) if whole else rng.gamma(1.0, size=60) + 0.05
    return MultilabelAnswers(scores, actual, np.arange(60) // 3, own)


def repeated(data):
    """Every item as often as its weight says."""
    again = np.repeat(np.arange(len(data.groups)), data.weights.astype(int))
    what = ({"targets": data.targets[again]} if isinstance(data, ClassificationAnswers)
            else {"actual": data.actual[again]})
    return type(data)(probabilities=[p[again] for p in data.probabilities],
                      groups=data.groups[again], **what)


def area(targets, p, w):
    each = [roc_auc_score(targets == c, p[:, c], sample_weight=w) for c in range(p.shape[1])]
    return each[1] if len(each) == 2 else np.mean(each)


@settings(max_examples=8, deadline=None)
@given(st.sampled_from([2, 3, 4]), st.integers(0, 10**6))
def test_every_metric_is_scikit_learn_s_of_weighted_items(classes, seed):
    data = weighted(classes, seed)
    found, w = jackknife(data), data.weights
    for run, p in enumerate(data.probabilities):
        figures = quality(p, data.targets, LABELS[:classes], w)
        for metric in METRICS:
            theirs = (area if metric == "roc_auc" else THEIRS[metric])(data.targets, p, w)
            ours = (found.calibration[run].found if metric == "calibration_error"
                    else found.points[metric][run])
            assert ours == pytest.approx(theirs), metric
            assert getattr(figures, metric) == pytest.approx(theirs), metric
        by_class = [f1_score(data.targets == c, p.argmax(axis=1) == c, sample_weight=w)
                    for c in range(classes)]
        assert [c.f1 for c in figures.per_class] == pytest.approx(by_class)
        assert [c.support for c in figures.per_class] == np.bincount(data.targets).tolist()


@pytest.mark.parametrize("metric", [m for m in METRICS if m != "roc_auc"])
def test_without_a_group_it_is_scikit_learn_s_of_the_others(metric):
    data = weighted()
    found, n = jackknife(data), data.groups.max() + 1
    for run, p in enumerate(data.probabilities):
        whole = THEIRS[metric](data.targets, p, data.weights)
        theirs = [whole - THEIRS[metric](data.targets, p, data.weights * (data.groups != g))
                  for g in range(n)]
        assert found.shifts[metric][run] * (n / (n - 1)) ** 0.5 == pytest.approx(theirs)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10**6))
def test_sets_of_classes_are_scikit_learn_s_of_weighted_items(seed):
    data = several(seed)
    actual, w, found = data.actual, data.weights, jackknife(data)
    for p, chosen, run in zip(
            data.probabilities, [run.chosen for run in data.runs], (0, 1), strict=True):
        figures = set_quality(p, actual, LABELS[:3], w)
        theirs = {
            "macro_f1": f1_score(actual, chosen, average="macro", sample_weight=w, zero_division=0),
            "micro_f1": f1_score(actual, chosen, average="micro", sample_weight=w),
            "subset_accuracy": accuracy_score(actual, chosen, sample_weight=w),
            "roc_auc": roc_auc_score(actual, p, sample_weight=w),
            "ranking_precision": label_ranking_average_precision_score(
                actual, p + 1e-9 * np.arange(3), sample_weight=w),
            "hamming_loss": hamming_loss(actual, chosen, sample_weight=w),
            "log_loss": log_loss(actual.ravel(), p.ravel(), sample_weight=np.repeat(w, 3))}
        assert {*theirs, "calibration_error"} == set(found.metrics)
        for metric, value in theirs.items():
            assert found.points[metric][run] == pytest.approx(value), metric
            assert getattr(figures, metric) == pytest.approx(value), metric
        assert found.calibration[run].found == pytest.approx(figures.calibration_error)


@pytest.mark.parametrize("data", [
    weighted(2, whole=True), weighted(3, whole=True), several(whole=True)])
def test_an_item_of_weight_three_is_three_items_of_its_group(data):
    found, theirs = jackknife(data), jackknife(repeated(data))
    for metric in found.metrics:
        if metric == "calibration_error":
            for mine, other in zip(found.calibration, theirs.calibration, strict=True):
                for part in ("gaps", "weights", "confidence", "variances"):
                    assert getattr(mine, part) == pytest.approx(getattr(other, part))
        else:
            assert found.points[metric] == pytest.approx(theirs.points[metric]), metric
        assert found.shifts[metric] == pytest.approx(theirs.shifts[metric]), metric
    assert found.pool.alike == pytest.approx(theirs.pool.alike)
    assert found.pool.balanced == pytest.approx(theirs.pool.balanced)
    assert found.pool.classes.members == pytest.approx(theirs.pool.classes.members)
    assert found.pool.items < len(data.groups) < theirs.pool.items
    assert found.if_wrong["log_loss"] == pytest.approx(theirs.if_wrong["log_loss"])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.1, 10), min_size=2, max_size=40))
def test_weighted_items_are_worth_what_kish_says(own):
    own = np.array(own)
    pool = Pool.of(np.arange(len(own)), np.eye(2, dtype=bool)[np.arange(len(own)) % 2],
                   weights=own)
    # One over one plus the squared coefficient of variation (Kish 1992), of the whole and a class.
    for told, each in ((pool.items, own), (pool.classes.items[0], own[::2])):
        assert told == pytest.approx(len(each) / (1 + (each.std() / each.mean()) ** 2))
    assert pool.weights.sum() == pytest.approx(pool.items)
    assert pool.alike == pytest.approx(pool.items)


def test_weights_that_are_all_alike_change_nothing():
    plain = answers(items=60, groups=15)
    found, other = (jackknife(dataclasses.replace(plain, weights=w))
                    for w in (None, np.full(60, 2.5)))
    right = [(p.argmax(axis=1) == plain.targets).astype(float) for p in plain.probabilities]
    for metric in METRICS:
        mine, theirs = (each.figure(metric, [0]) for each in (found, other))
        assert mine.model_dump() == pytest.approx(theirs.model_dump()), metric
        gaps = [differences(each.metrics[metric], [Sample(str(i), [each.points[metric][i]],
                                            each.shifts[metric][i],
                                            right[i] if each.metrics[metric].statistic
                                            is Statistic.SHARE else None)
                                     for i in range(2)], each.pool) for each in (found, other)]
        assert gaps[0]["0", "1"].model_dump() == pytest.approx(gaps[1]["0", "1"].model_dump())


def test_a_pair_s_interval_knows_the_weights_of_the_items_on_which_it_differs():
    """Of two that differ on one item of 40: by its share of the weights, within Tango's bounds."""
    right = np.ones((2, 40))
    right[1, 7] = 0
    for own in (1.0, 6.0):
        weights = np.ones(40)
        weights[7] = own
        answered = [np.where(own[:, None], [0.9, 0.1], [0.1, 0.9]) for own in right == 1]
        found = leave_out(
            ClassificationAnswers(answered, np.zeros(40, int), np.arange(40), weights), (ACCURACY,))
        samples = [Sample(str(i), [float(found.points["accuracy"][i])],
                          found.shifts["accuracy"][i], right[i]) for i in range(2)]
        (gap,) = differences(ACCURACY, samples, found.pool).values()
        assert gap.difference == pytest.approx(own / weights.sum())
        assert gap.low < 0 < gap.difference < gap.high


@pytest.mark.parametrize("measure", [*BY_SLICE])
def test_slices_are_scikit_learn_s_of_weighted_items(measure):
    data = weighted(2)
    inside = np.arange(60) % 2 == 0
    (found,) = measure_slices(data, [[0], [1]], [inside])
    w, targets = data.weights[inside], data.targets[inside]
    chosen = [p[inside].argmax(axis=1) for p in data.probabilities]
    theirs = [BY_SLICE[measure](targets, run, w) for run in chosen]
    assert found.points[measure] == pytest.approx(theirs)
    groups = np.unique(data.groups[inside])
    for group in groups:
        rest = w * (data.groups[inside] != group)
        moved = [point - BY_SLICE[measure](targets, run, rest)
                 for point, run in zip(theirs, chosen, strict=True)]
        scale = (len(groups) / (len(groups) - 1)) ** 0.5
        assert found.shifts[measure][:, group] * scale == pytest.approx(moved)


def test_a_slice_says_how_many_items_it_has_and_goes_by_what_they_are_worth():
    data, everything = weighted(2), np.ones(60, dtype=bool)
    assert base(dataclasses.replace(data, weights=None), everything, None).enough
    few = base(dataclasses.replace(data, weights=np.r_[np.full(20, 9.0), np.full(40, 0.01)]),
               everything, None)
    assert (few.items, few.pool.items, few.enough) == (60, pytest.approx(20, abs=0.2), False)


def test_a_record_s_slices_are_weighted():
    items = [dataclasses.replace(e, slices={"s": "x"}, weight=w)
             for e, w in zip(examples(4), (1.0, 2.0, 3.0, 4.0), strict=True)]
    actual = indicated(np.array([e.label for e in items]), 3)
    answered = np.where(actual, 0.8, 0.1)
    answered[1] = 0.9 - answered[1]
    answers = ClassificationAnswers([answered], actual.argmax(axis=1), np.arange(4),
                                    np.array([e.weight for e in items]))
    (found,) = slices(answers, items)
    assert (found.items, found.figures["accuracy"]) == (4, pytest.approx(0.8))


def sampled(count, weights):
    """A record on the first items, with weights, and its table."""
    items = [dataclasses.replace(e, weight=w)
             for e, w in zip(examples(20, ("a", "b"))[:count], weights, strict=True)]
    return class_table(items, np.tile([0.7, 0.3], (count, 1)), ("a", "b"))


def test_runs_on_samples_of_two_sizes_are_weighted_for_the_smaller_one():
    small = dict(zip((e.id for e in examples(20)[:10]), np.linspace(0.5, 1.5, 10), strict=True))
    tables = {"1": sampled(20, np.linspace(2, 0.1, 20)), "2": sampled(10, [*small.values()])}
    records = [record(f"m{run}", 0, examples(20, ("a", "b"))[:n],
                      np.tile([0.7, 0.3], (n, 1)), ("a", "b"))
               for run, n in (("1", 20), ("2", 10))]
    by_id = {r.identity.run_id: tables[str(i)] for i, r in enumerate(records, 1)}
    found = measure_arms(records, "classification", ("a", "b"), by_id.__getitem__)
    assert found.answers.weights.tolist() == [small[item] for item in found.items]
    even = {**by_id, records[1].identity.run_id: sampled(10, np.ones(10))}
    alike = measure_arms(records, "classification", ("a", "b"), even.__getitem__)
    assert alike.answers.weights is None, "of items that count alike there are no weights to tell"
    other = sampled(10, np.linspace(1.5, 0.5, 10))
    with pytest.raises(HarnessError, match="weighted for samples that are not the same"):
        measure_arms(records, "classification", ("a", "b"),
                     {**by_id, records[0].identity.run_id: other}.__getitem__)
