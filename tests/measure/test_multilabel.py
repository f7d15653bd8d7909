import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    hamming_loss,
    label_ranking_average_precision_score,
    log_loss,
    roc_auc_score,
)

from harness.measure.multilabel import set_quality
from harness.measure.slices import slices
from harness.targets.by_class import ranking_precisions
from harness.targets.multilabel import MultilabelAnswers
from harness.tasks.examples import Example, indicator

LABELS = ("a", "b", "c")


def test_figures_worked_by_hand():
    # Answered: a | a b | nothing | c; true: a | a c | nothing | b c.
    p = np.array([[.9, .2, .1], [.8, .6, .4], [.1, .2, .3], [.5, .3, .7]])
    targets = np.array([[1, 0, 0], [1, 0, 1], [0, 0, 0], [0, 1, 1]], dtype=bool)
    found = set_quality(p, targets, LABELS)
    # Decisions: 12, wrong are b and c of the second item and b of the fourth.
    assert found.hamming_loss == pytest.approx(3 / 12)
    assert found.subset_accuracy == pytest.approx(2 / 4)
    # Hits 3 (a, a, c); answered 4, true 5.
    assert found.micro_f1 == pytest.approx(2 * 3 / (4 + 5))
    # a: 2 of 2 and 2; b: 0 of 1 and 1; c: 1 of 1 and 2.
    assert found.macro_f1 == pytest.approx((1 + 0 + 2 / 3) / 3)
    # Second: a 1/1, c 2/3; fourth: c 1/1, b 2/3.
    assert found.ranking_precision == pytest.approx((1 + 5 / 6 + 1 + 5 / 6) / 4)
    assert (found.classes_an_item, found.answered_an_item) == (5 / 4, 4 / 4)
    assert [c.support for c in found.per_class] == [2, 1, 2]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 5), st.booleans())
def test_figures_are_scikit_learns(seed, classes, rounded):
    rng = np.random.default_rng(seed)
    targets, p = rng.random((30, classes)) < 0.4, rng.random((30, classes))
    p = p.round(1) if rounded else p
    found = set_quality(p, targets, tuple("abcde"[:classes]))
    chosen = p > 0.5
    for average in ("macro", "micro"):
        assert getattr(found, f"{average}_f1") == pytest.approx(
            f1_score(targets, chosen, average=average, zero_division=0.0))
    assert found.subset_accuracy == pytest.approx(accuracy_score(targets, chosen))
    assert found.hamming_loss == pytest.approx(hamming_loss(targets, chosen))
    assert found.ranking_precision == pytest.approx(
        label_ranking_average_precision_score(targets, p))
    assert found.log_loss == pytest.approx(np.mean(
        [log_loss(targets[:, c], p[:, c], labels=[0, 1]) for c in range(classes)]))
    if targets.any(axis=0).all() and not targets.all(axis=0).any():
        assert found.roc_auc == pytest.approx(roc_auc_score(targets, p, average="macro"))
    true, said = calibration_curve(targets.ravel(), p.ravel(), n_bins=15)
    edges = np.linspace(0, 1, 16)
    sizes = np.bincount(np.searchsorted(edges[1:-1], p.ravel()), minlength=15)
    expected = (np.abs(true - said) * sizes[sizes > 0]).sum() / p.size
    assert found.calibration_error == pytest.approx(expected)


def test_what_is_not_defined_is_told():
    found = set_quality(np.full((2, 2), 0.4), np.array([[1, 0], [0, 0]], dtype=bool), ("a", "b"))
    assert found.roc_auc is None
    assert found.roc_auc_reason == "not defined: none of the test items, or all, have b"
    assert ranking_precisions(np.zeros((1, 2)), np.zeros((1, 2), dtype=bool)).tolist() == [1.0]
    with pytest.raises(ValueError, match="no items"):
        set_quality(np.zeros((0, 2)), np.zeros((0, 2), dtype=bool), ("a", "b"))
    with pytest.raises(ValueError, match="not finite"):
        set_quality(np.array([[np.nan, 0]]), np.array([[True, False]]), ("a", "b"))


def test_an_item_of_a_slice_is_right_with_all_its_classes():
    items = [Example(str(i), "t", None, 0, str(i), {"s": s}, classes=c)
             for i, (s, c) in enumerate([("x", (0, 1)), ("x", ()), ("y", (1,))])]
    chosen = np.array([[1, 0, 0], [0, 0, 0], [0, 1, 0]], dtype=bool)
    # x: classes 0 and 1 are there; F1 1 and 0; of two items one is right.
    answers = MultilabelAnswers([chosen.astype(float)], indicator(items, 3), np.arange(3))
    assert [(s.value, s.items, *s.figures.values()) for s in slices(answers, items)] == [
        ("x", 2, 0.5, 0.5), ("y", 1, 1.0, 1.0)]
