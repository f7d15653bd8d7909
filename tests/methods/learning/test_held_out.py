import math
import pickle
from dataclasses import replace

import numpy as np
import pytest

from harness.measure.generation import generation
from harness.measure.multilabel import set_quality
from harness.measure.quality import quality
from harness.methods.learning.held_out import in_words, of_classes
from harness.methods.learning.validated import standard_error
from harness.methods.link import LINKS
from harness.targets.kinds import KINDS
from harness.targets.metrics import ACCURACY, LOG_LOSS, ROC_AUC
from harness.tasks.examples import Example
from harness.tasks.wording import WORDINGS


def weighted(examples, weights):
    return [replace(e, weight=w) for e, w in zip(examples, weights, strict=True)] if (
        weights is not None) else examples


def items(labels):
    return [Example(f"i{i}", "text", None, label, f"g{i}", {}) for i, label in enumerate(labels)]


WEIGHTS = [None, np.random.default_rng(1).gamma(2.0, size=30)]


@pytest.mark.parametrize("metric", [m for m in KINDS["classification"].own if m.decides])
@pytest.mark.parametrize("weights", WEIGHTS, ids=["alike", "weighted"])
def test_it_is_what_the_test_items_are_measured_by(metric, weights):
    rng = np.random.default_rng(0)
    labels, probabilities = rng.integers(0, 3, 30), rng.dirichlet([1, 1, 1], 30)
    held = of_classes(LINKS["classification"], probabilities, weighted(items(labels), weights),
                      metric)
    measured = quality(probabilities, labels, ("a", "b", "c"), weights)
    assert held.score == pytest.approx(getattr(measured, metric.name))
    assert held.loss == pytest.approx(measured.log_loss)


@pytest.mark.parametrize("metric", [m for m in KINDS["multilabel"].own if m.decides])
@pytest.mark.parametrize("weights", WEIGHTS, ids=["alike", "weighted"])
def test_so_it_is_where_items_have_several_classes(metric, weights):
    rng = np.random.default_rng(0)
    probabilities, has = rng.random((30, 3)), rng.random((30, 3)) < 0.4
    examples = [Example(f"i{i}", "text", None, 0, f"g{i}", {}, classes=tuple(np.flatnonzero(row)))
                for i, row in enumerate(has.tolist())]
    held = of_classes(LINKS["multilabel"], probabilities, weighted(examples, weights), metric)
    measured = set_quality(probabilities, has, ("a", "b", "c"), weights)
    assert held.score == pytest.approx(getattr(measured, metric.name))
    assert held.loss == pytest.approx(measured.log_loss)


def test_weights_turn_which_of_two_is_better_and_leave_fewer_items_to_tell_by():
    """One is right on most items, the other on those that stand for most."""
    weights = np.array([0.2] * 8 + [4.2] * 2)
    examples = weighted(items([0] * 10), weights)
    most, heavy = (np.stack([right, 1 - right], axis=1)
                   for right in (np.repeat([0.9, 0.1], [8, 2]), np.repeat([0.1, 0.9], [8, 2])))
    one, other = (of_classes(LINKS["classification"], p, examples, ACCURACY)
                  for p in (most, heavy))
    assert (one.score, other.score) == (pytest.approx(0.16), pytest.approx(0.84))
    assert other.beats(one)
    # One over one plus the squared coefficient of variation (Kish 1992).
    assert one.items == pytest.approx(10 / (1 + weights.std() ** 2))
    assert standard_error(one) == pytest.approx((0.16 * 0.84 / one.items) ** 0.5)


def test_an_area_that_is_not_defined_is_no_score():
    probabilities = np.full((4, 3), 1 / 3)
    assert of_classes(LINKS["classification"], probabilities, items([0, 0, 1, 1]),
                      ROC_AUC).score is None
    assert math.isnan(of_classes(LINKS["classification"], probabilities * math.nan,
                                 items([0, 0, 1, 1]), ACCURACY).loss)


@pytest.mark.parametrize("metric", [m for m in KINDS["generation"].own if m.decides])
@pytest.mark.parametrize("weights", [None, (0.5, 0.5, 2.0)], ids=["alike", "weighted"])
def test_answers_in_words_are_scored_as_at_the_end(metric, weights):
    questions = weighted([Example(f"i{i}", "text", None, 0, f"g{i}", {},
                                  references=("a red hat",)) for i in range(3)], weights)
    given_answers = ["a red hat", "hat", "none of it"]
    held = in_words(given_answers, questions, WORDINGS["unicode"], metric)
    measured = generation(given_answers, questions, WORDINGS["unicode"])
    assert held.score == pytest.approx(getattr(measured, metric.name))
    assert held.loss == pytest.approx(1 - measured.token_f1)


def test_less_of_a_metric_that_is_better_lower_is_better_for_classes_too():
    """One of another package may decide: trials and epochs follow its direction."""
    errors = replace(ACCURACY, name="log_loss_of_mine", better="lower",
                     formula=LOG_LOSS.formula)
    examples = items([i % 2 for i in range(20)])
    sure = np.eye(2)[[e.label for e in examples]] * 0.8 + 0.1
    good, bad = (of_classes(LINKS["classification"], answers, examples, errors)
                 for answers in (sure, 1 - sure))
    assert good.score < bad.score
    assert good.outscores(bad)
    assert not bad.outscores(good)
    assert good.beats(bad)
    # Devices that learn together tell each other what validation says, by pickle.
    assert pickle.loads(pickle.dumps(good)) == good  # noqa: S301 (our own bytes)
