"""Answers that only name classes, held against scikit-learn."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, hamming_loss

from harness.compare.jackknife import jackknife
from harness.measure.multilabel import set_quality_of
from harness.measure.quality import quality_of
from harness.targets.answers import read_answers
from harness.targets.choices import are_choices, as_choices, named, read, written
from harness.targets.kinds import KINDS

LABELS = ("a", "b", "c")
GRADED = {"roc_auc", "log_loss", "calibration_error", "ranking_precision"}
CHOICES = st.lists(st.one_of(st.none(), st.sampled_from([(0,), (1,), (2,)])), min_size=4,
                   max_size=30)
SETS = st.lists(st.one_of(st.none(), st.sets(st.integers(0, 2)).map(
    lambda found: tuple(sorted(found)))), min_size=4, max_size=30)


def table(choices, targets):
    return pa.table({"group": list(map(str, range(len(choices)))), "target": targets,
                     "answer": pa.array(written(as_choices(choices), LABELS), pa.string())})


@given(SETS)
def test_what_is_written_is_read(choices):
    found = as_choices(choices)
    assert are_choices(found)
    assert read(written(found, LABELS), LABELS).tolist() == choices
    assert named(found, 3).sum() == sum(len(choice or ()) for choice in choices)


@given(CHOICES, st.integers(0, 2**32 - 1))
def test_one_class_is_measured_as_scikit_learn_does(choices, seed):
    targets = np.random.default_rng(seed).integers(0, 3, len(choices))
    answers = read_answers("classification", [table(choices, [LABELS[t] for t in targets])], LABELS)
    found = quality_of(answers.run(0), LABELS, unread=choices.count(None))
    said = [3 if choice is None else choice[0] for choice in choices]
    assert found.accuracy == pytest.approx(accuracy_score(targets, said))
    assert found.macro_f1 == pytest.approx(f1_score(targets, said, labels=sorted(set(targets)),
                                                    average="macro", zero_division=0))
    assert np.array(found.confusion).sum() == len(choices) - found.unread
    assert np.trace(np.array(found.confusion)) == pytest.approx(found.accuracy * len(choices))
    assert (found.roc_auc, found.log_loss, found.calibration_error) == (None, None, None)
    shown, right = answers.said(LABELS)
    assert shown[0].tolist() == [*map([*LABELS, "no answer"].__getitem__, said)]
    assert right.tolist() == [LABELS[t] for t in targets]


@given(SETS, st.integers(0, 2**32 - 1))
def test_several_classes_are_measured_as_scikit_learn_does(choices, seed):
    actual = np.random.default_rng(seed).random((len(choices), 3)) < 0.5
    targets = [json.dumps([LABELS[n] for n in np.flatnonzero(row)]) for row in actual]
    answers = read_answers("multilabel", [table(choices, targets)], LABELS)
    found = set_quality_of(answers.run(0), LABELS, unread=choices.count(None))
    said = named(as_choices(choices), 3).astype(bool)
    assert found.subset_accuracy == pytest.approx(accuracy_score(actual, said))
    assert found.hamming_loss == pytest.approx(hamming_loss(actual, said))
    assert found.micro_f1 == pytest.approx(f1_score(actual, said, average="micro", zero_division=0))
    assert (found.ranking_precision, found.log_loss, found.roc_auc) == (None, None, None)


def test_beside_a_run_with_probabilities_that_one_keeps_its_metrics():
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 3, 40)
    p = rng.dirichlet(np.ones(3), 40)
    graded = pa.table({"group": list(map(str, range(40))), "target": [LABELS[t] for t in targets],
                       **{f"p:{label}": p[:, i] for i, label in enumerate(LABELS)}})
    names = table([(int(row.argmax()),) for row in p], [LABELS[t] for t in targets])
    found = jackknife(read_answers("classification", [graded, names], LABELS))
    alone = jackknife(read_answers("classification", [graded], LABELS))
    for metric in KINDS["classification"].metrics:
        first, second = found.figure(metric.name, [0]), found.figure(metric.name, [1])
        assert first == alone.figure(metric.name, [0])
        if metric.name in GRADED:
            assert second is None
        else:
            assert second == first


def test_every_metric_of_probabilities_says_that_it_is():
    of_probabilities = {metric.name for kind in ("classification", "multilabel")
                        for metric in KINDS[kind].own if metric.graded}
    assert of_probabilities == GRADED
    assert not any(metric.graded for kind in ("regression", "spans", "generation")
                   for metric in KINDS[kind].own)
