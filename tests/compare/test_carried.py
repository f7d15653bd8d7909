"""A log loss that a few items carry is told from one that all do."""

import numpy as np
import pytest
from judged import judged

from harness.compare.carried import carried
from harness.gate.checks import check
from harness.gate.evidence import quality_evidence
from harness.report import carried as sentences
from harness.report.markdown import markdown
from harness.report.page import page
from harness.report.published import publish
from harness.study.tables import class_table
from harness.tasks.examples import Example
from tests.synthetic import LABELS, drawn_study, examples


def answered(mistakes, items=100):
    """Probabilities of `items` that are right at 0.9, but for so many that are wrong at 0.999."""
    targets = np.arange(items) % 3
    found = np.where(np.eye(3, dtype=bool)[targets], 0.9, 0.05)
    found[:mistakes] = np.where(np.eye(3, dtype=bool)[(targets[:mistakes] + 1) % 3], 0.999, 0.0005)
    return targets, found


def test_shares_by_hand():
    found = carried(np.r_[np.full(3, 2.0), np.full(97, 0.1)], 100.0)
    squares = 3 * 4 + 97 * 0.01
    assert squares**2 / (3 * 16 + 97 * 0.0001) == pytest.approx(3.504, abs=1e-3)
    assert (found.groups, found.of) == (4, 100)
    assert found.share == pytest.approx((12 + 0.01) / squares)
    assert carried(np.r_[np.full(3, 2.0), np.full(97, 0.1)], 30.0) is None, "of so few, no few"
    assert carried(np.zeros(100), 100.0) is None
    assert carried(np.full(100, np.nan), 100.0) is None


@pytest.mark.parametrize("draw", ["normal", "exponential"])
def test_losses_that_fall_off_as_usual_are_not_named(draw):
    rng = np.random.default_rng(2)
    for _ in range(50):
        losses = getattr(rng, draw)(size=300)
        assert carried((losses - losses.mean()) / 300, 300.0) is None


@pytest.mark.parametrize(("mistakes", "named"), [(2, True), (20, False)])
def test_views_name_the_method_whose_loss_a_few_items_carry(mistakes, named):
    study, tables = drawn_study({"a": 2.0, "b": 2.0}, items=100, seeds=1, majority=False)
    _, given = answered(mistakes)
    run = next(r.identity.run_id for r in study.records if r.identity.label == "a")
    found = publish(study, {**tables, run: class_table(examples(100), given, LABELS)}.__getitem__,
                    {})
    assert list(found.carried) == (["a (b)"] if named else [])
    for view in (" ".join(sentences.lines(found)), page(found), markdown(found)):
        assert ("The log loss of a" in view) is named


@pytest.mark.parametrize(("mistakes", "named"), [(2, True), (20, False)])
def test_the_gate_says_it_beside_its_rule(mistakes, named):
    targets, given = answered(mistakes)
    items = tuple(Example(str(i), "t", None, int(t), str(i), {}) for i, t in enumerate(targets))
    found = quality_evidence(judged(items, given, answered(0)[1]))
    own, gaps = found.own, found.gaps
    for bounds, what in ((own["log_loss"], "at most"), (gaps["log_loss"], "against")):
        said = check(what, "nats", bounds, 5.0, True).about
        assert ("of 100 groups of items carry" in said) is named
    assert own["accuracy"].about == ""
