"""The jackknife where an item has any number of classes."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import accuracy_score, f1_score

from harness.compare.by_slice import base, measure_slices
from harness.compare.jackknife import jackknife
from harness.measure.multilabel import set_quality
from harness.study.tables import set_table
from harness.targets.answers import read_answers
from harness.targets.kinds import KINDS
from harness.targets.multilabel import MultilabelAnswers
from harness.tasks.examples import Example, indicator

METRICS = [metric.name for metric in KINDS["multilabel"].own]

LABELS = ("a", "b", "c")


def drawn(items=120, runs=2, group=1, seed=0):
    rng = np.random.default_rng(seed)
    targets = rng.random((items, 3)) < (0.5, 0.3, 0.2)
    scores = [np.clip(targets * 0.3 + rng.random((items, 3)) * 0.7, 0, 1) for _ in range(runs)]
    groups = np.arange(items) // group
    return MultilabelAnswers(scores, targets, groups)


def whole(found, metric, run):
    """The metric on all items; of a calibration error with the part that noise makes."""
    return (found.calibration[run].found if metric == "calibration_error"
            else found.points[metric][run])


def test_points_are_the_records_figures():
    answers = drawn()
    found = jackknife(answers)
    for run, p in enumerate(answers.probabilities):
        figures = set_quality(p, answers.actual, LABELS)
        for metric in METRICS:
            assert whole(found, metric, run) == pytest.approx(getattr(figures, metric), abs=1e-5)


def test_without_a_group_it_is_the_metric_on_the_other_items():
    answers = drawn(items=40, group=2)
    found = jackknife(answers)
    for group in (0, 7, 19):
        rows = answers.groups != group
        for run, p in enumerate(answers.probabilities):
            figures = set_quality(p[rows], answers.actual[rows], LABELS)
            for metric in METRICS:
                if metric != "roc_auc":  # without a group it is the linear part
                    moved = found.shifts[metric][run, group] * (20 / 19) ** 0.5
                    assert whole(found, metric, run) - moved == pytest.approx(
                        getattr(figures, metric)), metric


def test_the_error_is_that_of_fresh_samples():
    """The jackknife's standard error against that over samples of the population itself."""
    points, told = {metric: [] for metric in METRICS}, {metric: [] for metric in METRICS}
    for seed in range(150):
        found = jackknife(drawn(items=150, runs=1, seed=seed))
        for metric in METRICS:
            points[metric].append(found.points[metric][0])
            told[metric].append(np.sqrt((found.shifts[metric][0] ** 2).sum()))
    for metric in set(METRICS) - {"calibration_error"}:  # an absolute value, biased by its noise
        assert np.mean(told[metric]) == pytest.approx(np.std(points[metric], ddof=1), rel=0.25
                                                      ), metric


def test_tables_are_read_as_they_were_written():
    classes = [(0, 1), (), (2,), (0,)]
    items = [Example(f"i{i}", "t", None, min(c, default=3), f"g{i}", {}, classes=c)
             for i, c in enumerate(classes)]
    targets = indicator(items, 3)
    p = np.where(targets, 0.9, 0.2)
    p[3] = (0.9, 0.9, 0.2)
    table = set_table(items, p, LABELS)
    assert table["target"].to_pylist() == ['["a", "b"]', "[]", '["c"]', '["a"]']
    assert table.schema.field("target").type == pa.string()
    found = read_answers("multilabel", [table], LABELS)
    given, right = found.said(LABELS)
    assert right.tolist() == ["a, b", "none of the classes", "c", "a"]
    assert given.tolist() == [["a, b", "none of the classes", "c", "a, b"]]
    assert found.run(0).right.tolist() == [True, True, True, False]
    assert jackknife(found).pool.classes.groups.tolist() == [2, 1, 1]
    sure, true = found.run(0).sure
    assert (sure.shape, true.sum()) == ((12,), 4)


def test_slices_are_measured_without_the_same_groups():
    answers = drawn(items=80, group=2)
    inside = np.arange(80) % 3 > 0
    found = measure_slices(answers, [[0], [1]], [inside])[0]
    of = base(answers, inside, None)
    assert (of.items, of.groups) == (53, 40)
    rest = inside & (answers.groups != 3)
    for run, chosen in enumerate(run.chosen for run in answers.runs):
        assert found.points["subset_accuracy"][run] == pytest.approx(
            accuracy_score(answers.actual[inside], chosen[inside]))
        moved = {m: s[run, 3] * (40 / 39) ** 0.5 for m, s in found.shifts.items()}
        assert found.points["subset_accuracy"][run] - moved["subset_accuracy"] == pytest.approx(
            accuracy_score(answers.actual[rest], chosen[rest]))
        assert found.points["macro_f1"][run] - moved["macro_f1"] == pytest.approx(
            f1_score(answers.actual[rest], chosen[rest], average="macro"))
