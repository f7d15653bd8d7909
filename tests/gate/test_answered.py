"""Which answers are answers at all."""

from types import SimpleNamespace

import numpy as np
import pytest
from synthetic import examples

from harness.gate.answered import _numbers, _whatever, answered_by
from harness.targets.kinds import KINDS

ODDS = np.array([[1.0, 0.0, 0.0], [0.2, 0.3, 0.5], [0.2, 0.3, 0.6], [-0.1, 0.5, 0.6],
                 [np.nan, 0.5, 0.5], [1 / 3, 1 / 3, 1 / 3 + 5e-7], [1.1, 0.0, -0.1],
                 [0.2, 0.2, 0.2]])


@pytest.mark.parametrize(("kind", "sound"), [
    ("classification", [True, True, False, False, False, True, False, False]),
    ("multilabel", [True, True, True, False, False, True, False, True])])
def test_probabilities_lie_between_0_and_1_and_of_one_class_sum_to_it(kind, sound):
    task = SimpleNamespace(kind=kind, labels=("a", "b", "c"))
    asked = examples(8)
    found = answered_by(task, asked, ODDS, False, None)
    assert found.sound.tolist() == sound
    assert (found.examples, found.compared, found.unread) == (tuple(asked), False, 0)
    both = answered_by(task, asked, ODDS, False, ODDS)
    assert both.compared
    assert len(list(both.answers.runs)) == 2


def test_numbers_are_finite_and_what_was_written_may_hold_none():
    said = np.array([[1.5], [np.nan], [np.inf], [-np.inf]])
    kind = KINDS["regression"]
    assert _numbers(kind, said, False).tolist() == [True, False, False, False]
    assert _numbers(kind, said, True).tolist() == [True, True, False, False]
    assert _whatever(kind, said, True).tolist() == [True] * 4
