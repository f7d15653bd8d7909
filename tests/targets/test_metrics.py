"""What is declared of metrics is so: bounds, direction, names, and that naming them is light."""

import dataclasses
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.targets import classification, generation, multilabel, regression, spans
from harness.targets.kinds import KINDS, add_metric, gain, says
from harness.targets.metric import Statistic

BY_KIND = [(kind, metric) for kind in KINDS.values()
           for metric in (*kind.own, *kind.sliced_of_two)]
IDS = [f"{kind.name}-{metric.name}" for kind, metric in BY_KIND]


def drawn(kind, seed, items=12, classes=2):
    """A run of answers, and the same with every answer turned to the right one."""
    rng = np.random.default_rng(seed)
    if kind.name == "generation":
        scores = {metric.name: rng.random(items) for metric in kind.metrics}
        none = np.arange(items) % 3 == 0
        refused = {generation.UNANSWERABLE: none.astype(float),
                   generation.REFUSED_ONE: rng.integers(2, size=items).astype(float)}
        right = {name: np.ones(items) for name in scores}
        return (generation.Worded(scores | refused),
                generation.Worded(right | refused | {generation.REFUSED_ONE: none.astype(float)}))
    if kind.name == "regression":
        actual = rng.normal(size=items)
        return (regression.Numbered(rng.normal(size=items), actual),
                regression.Numbered(actual, actual))
    if kind.name == "spans":
        counts = rng.integers(0, 4, (2, items, classes))
        counts[:, 0] = 1
        both = rng.integers(0, counts.min(axis=0) + 1)
        return spans.Found(both, *counts), spans.Found(counts[1], counts[1], counts[1])
    numbers = np.r_[np.arange(classes), rng.integers(classes, size=items - 2)]
    actual = classification.indicated(numbers, classes)
    if kind.name == "multilabel":
        actual = rng.random((items, classes)) < 0.5
        actual[:2] = [[True] * classes, [False] * classes]
    marked = multilabel.marked if kind.name == "multilabel" else classification.marked
    chance = rng.dirichlet(np.ones(classes), items)
    return marked(chance, actual), marked(actual.astype(float), actual)


@pytest.mark.parametrize(("kind", "metric"), BY_KIND, ids=IDS)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_it_lies_within_its_bounds_and_is_best_where_all_is_right(kind, metric, seed):
    run, right = (metric.of(each) for each in drawn(kind, seed))
    low, high = metric.bounds
    assert low - 1e-12 <= run <= high + 1e-12
    if metric.better != "neither":
        assert right == pytest.approx(high if metric.better == "higher" else low, abs=1e-9)


@pytest.mark.parametrize(("kind", "metric"), BY_KIND, ids=IDS)
def test_it_is_made_of_sums_so_that_no_order_of_items_matters(kind, metric):
    formula, (run, _) = metric.formula(), drawn(kind, 3)
    each = formula.contributions(run)
    assert each.shape[0] == 12
    whole = each.sum(axis=0)[:, None]
    assert formula.finish(whole)[0] == pytest.approx(metric.of(run))
    two = formula.finish(np.hstack([whole, whole]))
    assert two == pytest.approx([metric.of(run)] * 2)


def test_a_share_of_the_items_is_the_share_that_is_right():
    shares = [(kind, metric) for kind, metric in BY_KIND if metric.statistic is Statistic.SHARE]
    assert {metric.name for _, metric in shares} == {"accuracy", "micro_f1", "subset_accuracy",
                                                     "exact_match", "all_spans"}
    for kind, metric in shares:
        run, _ = drawn(kind, 5)
        if kind.name == "generation":
            run.scores["exact_match"][:] = np.arange(12) % 3 == 0
        assert metric.of(run) == pytest.approx(run.right.mean())


def test_one_name_says_one_thing():
    assert all(says(metric.name) == metric.says for _, metric in BY_KIND)
    for kind in KINDS.values():
        names = Counter(metric.name for metric in (*kind.metrics, *kind.sliced_of_two))
        assert max(names.values()) == 1
        assert {*kind.sliced, *kind.beside, kind.right} <= {*kind.metrics, *kind.sliced_of_two,
                                                           None}
        assert all(kind.metric(name).better != "neither" for name in kind.deciding)


def test_a_weight_counts_an_item_so_often():
    for kind, metric in BY_KIND:
        run, _ = drawn(kind, 9)
        if kind.name == "generation":
            twice = generation.Worded({n: np.r_[s, s[:3]] for n, s in run.scores.items()})
            assert metric.of(run, np.r_[np.full(3, 2.0), np.ones(9)]) == pytest.approx(
                metric.of(twice))
            continue
        if kind.name == "spans":
            twice = spans.Found(*(np.r_[v, v[:3]] for v in (run.hits, run.answered, run.there)))
            assert metric.of(run, np.r_[np.full(3, 2.0), np.ones(9)]) == pytest.approx(
                metric.of(twice))
            continue
        if kind.name == "regression":
            twice = regression.Numbered(*(np.r_[v, v[:3]] for v in (run.answered, run.actual)))
            weights = np.r_[np.full(3, 2.0), np.ones(9)]
            weighted = dataclasses.replace(run, weights=weights)
            assert metric.of(weighted, weights) == pytest.approx(metric.of(twice)), metric.name
            continue
        weights = np.r_[np.full(3, 2.0), np.ones(9)]
        weighted = run.inside(range(12))
        object.__setattr__(weighted, "weights", weights)
        assert metric.of(weighted, weights) == pytest.approx(
            metric.of(run.inside([*range(12), 0, 1, 2]))), metric.name


def test_naming_metrics_imports_nothing_that_computes():
    said = subprocess.run(
        [sys.executable, "-c", "import sys, harness.targets.kinds, harness.suite; "
         "print(sorted({'numpy', 'scipy', 'sklearn', 'torch'} & set(sys.modules)))"],
        check=True, capture_output=True, text=True).stdout
    assert said.strip() == "[]"


def test_a_metric_that_cannot_be_added_is_refused():
    declared = KINDS["classification"].metric("accuracy")
    lower = dataclasses.replace(declared, name="errors", better="neither")
    for kind, metric, why in (
            ("classification", declared, "registered twice"),
            ("classification", lower, "cannot decide"),
            ("generation", dataclasses.replace(declared, name="new"), "answers in words")):
        with pytest.raises(ValueError, match=why):
            add_metric(kind, metric)
    assert says("of_another_package") == "of another package"


def test_more_is_gained_where_a_metric_is_better():
    for _, metric in BY_KIND:
        sign = -1 if metric.better == "lower" else 1
        assert metric.gain(2.5) == gain(metric.name, 2.5) == sign * 2.5
    assert gain("of_another_package", 2.5) == 2.5
