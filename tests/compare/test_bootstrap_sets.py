"""Resampled metrics where an item has any number of classes."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import accuracy_score, f1_score

from harness.compare.bootstrap import draws
from harness.compare.bootstrap_sets import METRICS, SetAnswers, bootstrap_sets
from harness.compare.by_slice import base, measure_slices
from harness.compare.frames import metric_frame
from harness.compare.responses import responses
from harness.measure.multilabel import SetQuality, set_quality
from harness.study.outcome import set_table
from harness.tasks.examples import Example, indicator

LABELS = ("a", "b", "c")


def drawn(items=120, runs=2, group=1, seed=0):
    rng = np.random.default_rng(seed)
    targets = rng.random((items, 3)) < (0.5, 0.3, 0.2)
    scores = [np.clip(targets * 0.3 + rng.random((items, 3)) * 0.7, 0, 1) for _ in range(runs)]
    groups = np.arange(items) // group
    return SetAnswers(scores, targets, groups, np.zeros(groups.max() + 1, dtype=int))


def test_points_are_the_records_figures():
    answers = drawn()
    found = bootstrap_sets(answers, resamples=1)
    assert tuple(METRICS) == SetQuality.metrics
    for run, p in enumerate(answers.probabilities):
        figures = set_quality(p, answers.actual, LABELS)
        for metric in METRICS:
            assert found.points[metric][run] == pytest.approx(getattr(figures, metric), abs=1e-5)


def test_a_resample_is_the_metric_on_the_items_drawn():
    answers = drawn(items=40, group=2)
    found = bootstrap_sets(answers, resamples=6, seed=3)
    weights = next(draws(answers.strata, 6, 3))[:, 0]
    # Of n groups n - 1 are drawn and weighted n / (n - 1): whole numbers of copies again.
    times = np.rint(weights * 19 / 20).astype(int)[answers.groups]
    rows = np.repeat(np.arange(40), times)
    for run, p in enumerate(answers.probabilities):
        figures = set_quality(p[rows], answers.actual[rows], LABELS)
        for metric in METRICS:
            if metric != "roc_auc":  # its resamples are the linear part
                assert found.values[metric][run, 0] == pytest.approx(
                    getattr(figures, metric), abs=1e-4), metric


def test_spread_is_that_of_fresh_samples():
    """The bootstrap's standard error against that over samples of the population itself."""
    points = {metric: [] for metric in METRICS}
    for seed in range(150):
        found = bootstrap_sets(drawn(items=150, runs=1, seed=seed), resamples=1)
        for metric in METRICS:
            points[metric].append(found.points[metric][0])
    found = [bootstrap_sets(drawn(items=150, runs=1, seed=seed), resamples=400)
             for seed in range(6)]
    for metric in set(METRICS) - {"calibration_error"}:  # an absolute value, biased by its noise
        told = np.mean([each.values[metric][0].std(ddof=1) for each in found])
        assert told == pytest.approx(np.std(points[metric], ddof=1), rel=0.25), metric


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
    found = responses([table], LABELS)
    assert found.targets.tolist() == ["a, b", "none of the classes", "c", "a"]
    assert found.given.tolist() == [["a, b", "none of the classes", "c", "a, b"]]
    assert found.right.tolist() == [[True, True, True, False]]
    assert found.by_class.tolist() == [2, 1, 1]
    assert found.strata.tolist() == [0, 3, 2, 0]
    sure, true = found.sure[0]
    assert (sure.shape, true.sum()) == ((12,), 4)


def test_slices_are_measured_on_the_same_draws():
    answers = drawn(items=80, group=2)
    inside = np.arange(80) % 3 > 0
    found = measure_slices(answers, [[0], [1]], [inside], resamples=4, seed=3)[0]
    weights = next(draws(answers.strata, 4, 3))[answers.groups[inside], 0]
    for run, chosen in enumerate(answers.chosen[:, inside]):
        actual = answers.actual[inside]
        assert found.points["subset_accuracy"][run] == pytest.approx(
            accuracy_score(actual, chosen))
        assert found.values["subset_accuracy"][run, 0] == pytest.approx(
            accuracy_score(actual, chosen, sample_weight=weights), abs=1e-5)
        assert found.values["macro_f1"][run, 0] == pytest.approx(
            f1_score(actual, chosen, average="macro", sample_weight=weights), abs=1e-5)
    of = base(answers, inside, None)
    assert (of.items, of.groups, of.strata) == (53, 40, 1)
    frame = metric_frame(answers, {"in": inside, "out": ~inside}, "subset_accuracy", [0, 1])
    assert frame.by_group["subset_accuracy"]["in"] == pytest.approx(
        found.points["subset_accuracy"].mean())
