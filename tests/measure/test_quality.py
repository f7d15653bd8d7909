import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu
from sklearn.metrics import f1_score

from harness.measure.overfitting import overfitting
from harness.measure.quality import quality
from harness.measure.slices import Slice, slices
from harness.targets.classification import ClassificationAnswers, indicated, marked
from harness.targets.metrics import CALIBRATION_ERROR
from harness.tasks.examples import Example

LABELS = ("a", "b", "c")


def test_figures_worked_by_hand():
    # Predicted: a a b c; true: a b b c.
    p = np.array([[.7, .2, .1], [.6, .3, .1], [.2, .7, .1], [.1, .1, .8]])
    figures = quality(p, np.array([0, 1, 1, 2]), LABELS)
    assert figures.accuracy == figures.micro_f1 == 0.75
    # a: precision 1/2, recall 1 -> 2/3; b: precision 1, recall 1/2 -> 2/3; c: 1.
    assert figures.macro_f1 == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert figures.log_loss == pytest.approx(-(np.log(.7) + np.log(.3) + np.log(.7) + np.log(.8))
                                             / 4)
    assert figures.confusion == ((1, 0, 0), (1, 1, 0), (0, 0, 1))
    assert [c.support for c in figures.per_class] == [1, 2, 1]
    assert figures.roc_auc == pytest.approx(np.mean([1.0, 1.0, 1.0]))


def test_a_class_that_no_item_has_takes_no_part_in_macro_f1():
    """Case test-lacks-class: right on all items is 1, as in slices; an answer that no item has
    counts as wrong, not as one more class."""
    p = np.array([[.7, .2, .1], [.2, .7, .1], [.2, .7, .1]])
    targets = np.array([0, 1, 1])
    right = quality(p, targets, LABELS)
    assert right.macro_f1 == right.accuracy == 1.0
    assert right.per_class[2].support == 0
    p[2] = [.1, .2, .7]
    wrong = quality(p, targets, LABELS)
    assert wrong.macro_f1 == pytest.approx((1 + 2 / 3) / 2)
    assert f1_score(targets, p.argmax(axis=1), average="macro") == pytest.approx((1 + 2 / 3) / 3)
    examples = [Example(str(i), "t", None, int(t), "g", {"s": "x"}) for i, t in enumerate(targets)]
    (one,) = slices(ClassificationAnswers([p], targets, targets), examples)
    assert one.figures["macro_f1"] == wrong.macro_f1


def calibration_error(probabilities, targets):
    return CALIBRATION_ERROR.of(marked(probabilities, indicated(
        np.array(targets), probabilities.shape[1])))


def test_calibration_error_worked_by_hand():
    # Confidences .95 .95 .55 .55; correct yes no yes yes. Two bins of two items:
    # |.5 - .95| * 1/2 + |1 - .55| * 1/2 = .45.
    p = np.array([[.95, .05], [.95, .05], [.55, .45], [.55, .45]])
    assert calibration_error(p, [0, 1, 0, 0]) == pytest.approx(0.45)
    assert calibration_error(np.array([[1.0, 0.0]]), [0]) == 0.0


def binned_one_by_one(p, targets, bins=15):
    """Another way to the same number: loop over bins (lower, upper]."""
    confidence, correct = p.max(axis=1), p.argmax(axis=1) == targets
    total = 0.0
    for b in range(bins):
        inside = (confidence > b / bins) & (confidence <= (b + 1) / bins)
        if inside.any():
            total += inside.mean() * abs(correct[inside].mean() - confidence[inside].mean())
    return total


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 60))
def test_figures_agree_with_independent_ways(seed, items):
    rng = np.random.default_rng(seed)
    p, targets = rng.dirichlet(np.ones(3), items), rng.integers(0, 3, items)
    figures = quality(p, targets, LABELS)
    predicted = p.argmax(axis=1)
    assert figures.accuracy == pytest.approx(np.mean(predicted == targets))
    assert figures.calibration_error == pytest.approx(binned_one_by_one(p, targets))
    f1 = []
    for c, per_class in enumerate(figures.per_class):
        hit = np.sum((predicted == c) & (targets == c))
        total = np.sum(predicted == c) + np.sum(targets == c)
        f1.append(2 * hit / total if total else 0.0)
        positive, negative = p[targets == c, c], p[targets != c, c]
        if len(positive) and len(negative):
            # The area under the ROC curve is the Mann-Whitney U over the number of pairs.
            u = mannwhitneyu(positive, negative).statistic / (len(positive) * len(negative))
            assert per_class.roc_auc == pytest.approx(u)
        else:
            assert per_class.roc_auc is None
    there = np.unique(targets)
    assert figures.macro_f1 == pytest.approx(np.mean(np.array(f1)[there]))
    assert figures.macro_f1 == pytest.approx(
        f1_score(targets, predicted, labels=there, average="macro", zero_division=0.0))
    assert sum(map(sum, figures.confusion)) == items


def test_binary_roc_auc_is_plain():
    p = np.array([[.9, .1], [.4, .6], [.7, .3], [.2, .8]])
    figures = quality(p, np.array([0, 0, 1, 1]), ("no", "yes"))
    # Pairs (negative, positive) by score of yes: .1<.3, .1<.8, .6>.3, .6<.8 -> 3 of 4.
    assert figures.roc_auc == 0.75


def test_an_undefined_area_is_none_with_its_reason():
    figures = quality(np.full((2, 3), 1 / 3), np.array([0, 1]), LABELS)
    assert figures.roc_auc is None
    assert figures.roc_auc_reason == "not defined: the test items lack, or only have, c"


def test_nothing_and_not_a_number_are_refused():
    with pytest.raises(ValueError, match="no items"):
        quality(np.zeros((0, 3)), np.zeros(0, dtype=int), LABELS)
    with pytest.raises(ValueError, match="not finite"):
        quality(np.array([[np.nan, 0, 1]]), np.array([0]), LABELS)


def test_slices_and_gaps():
    examples = [Example(str(i), "t", None, i % 2, "g", {"kind": "x" if i < 3 else "y"})
                for i in range(4)]
    p = np.array([[.9, .1], [.9, .1], [.9, .1], [.1, .9]])
    # Targets 0 1 0 1; predicted 0 0 0 1: x has 2 of 3 right, y 1 of 1.
    answers = ClassificationAnswers([p], np.array([e.label for e in examples]), np.zeros(4, int))
    found = {s.value: (s.items, s.figures["accuracy"]) for s in slices(answers, examples)}
    assert found == {"x": (3, pytest.approx(2 / 3)), "y": (1, 1.0)}
    whole = quality(p, np.array([0, 1, 0, 1]), ("a", "b"))
    better = quality(p[:1], np.array([0]), ("a", "b"))
    gap = overfitting(better, whole, whole)
    assert gap.accuracy_gap == pytest.approx(0.25)
    assert gap.log_loss_gap == pytest.approx(whole.log_loss - better.log_loss)


def test_blank_is_no_slice():
    items = [Example(str(i), "t", None, 0, str(i), {"country": value})
             for i, value in enumerate(("NO", "", " ", "NO"))]
    answers = ClassificationAnswers([np.full((4, 2), 0.5)], np.zeros(4, int), np.arange(4))
    assert [(s.value, s.items) for s in slices(answers, items)] == [("NO", 2)]


def test_slices_of_older_records_are_read():
    old = {"column": "kind", "value": "x", "items": 3, "accuracy": 0.5, "macro_f1": 0.25}
    assert Slice.model_validate(old).figures == {"accuracy": 0.5, "macro_f1": 0.25}
