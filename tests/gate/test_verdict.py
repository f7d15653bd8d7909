"""What is told of a candidate, and of items of which nothing but the outcome is told."""

from types import SimpleNamespace

import numpy as np
import pytest
from judged import judged
from test_checks import evidence

from harness.common.device import detect
from harness.gate.verdict import Terms, changed_items, judge
from harness.study.environment import environment
from harness.suite import Gate
from harness.tasks.examples import Example

RULES = {"metrics": {"accuracy": {"at_least": 0.8}}, "undecided": "cannot-say"}
"""Accuracy is 0.8, and its bounds lie on both sides of it."""
ITEMS = [Example(id=str(i), text=f"text {i}", pair=None, label=i % 2, group=str(i // 2), slices={})
         for i in range(6)]
RIGHT = np.eye(2)[[0, 1, 0, 1, 0, 1]]
"""Of the candidate the second is wrong, of the approved model the third and the fourth."""
NOW, BEFORE = np.array(RIGHT), np.array(RIGHT)
NOW[1], BEFORE[2:4] = RIGHT[0], RIGHT[[1, 0]]


def judge_on(part, what_if=False, record=None, base=None, **policy):
    loaded = SimpleNamespace(suite=SimpleNamespace(name="s"), profile="quick", digest="0" * 64)
    candidate = SimpleNamespace(name="c", sha256="1" * 64, artifact_bytes=9, record=record,
                                base=base, notes=("as it is",))
    task = SimpleNamespace(labels=("a", "b"), splits=SimpleNamespace(sha256="2" * 64))
    return judge(loaded, Gate.model_validate(RULES | policy), candidate, None,
                 judged(ITEMS, NOW, BEFORE), evidence(), task, Terms(part, None, what_if),
                 environment(detect()), 1.5)


def test_of_test_items_everything_is_told():
    found = judge_on("test")
    assert (found.outcome, found.items, found.groups) == ("cannot-say", 6, 3)
    (check,) = found.checks
    assert (check.state, check.value) == ("undecided", 0.8)
    assert found.metrics["accuracy"].baseline == pytest.approx(0.81)
    assert [s.value for s in found.slices] == ["a", "b", "c"]
    assert [item.item for item in found.broken] == ["1"]
    assert [item.item for item in found.mended] == ["2", "3"]
    assert (found.candidate.notes, found.baseline) == (("as it is",), None)


def test_of_the_gate_s_items_only_the_outcome_and_doubt_is_a_failure():
    found = judge_on("gate")
    assert found.outcome == "failed"
    assert [c.state for c in found.checks] == ["withheld"]
    assert (found.metrics, found.slices, found.broken, found.mended) == ({}, (), (), ())


def test_figures_of_the_gate_s_items_are_told_where_the_policy_says_so_and_no_item_is():
    found = judge_on("gate", reveals="figures")
    assert found.outcome == "cannot-say"
    assert found.checks[0].value == 0.8
    assert found.metrics
    assert (found.broken, found.mended) == ((), ())


def test_a_candidate_is_named_by_what_was_saved_and_what_it_builds_on():
    run = SimpleNamespace(identity=SimpleNamespace(run_id="r1"))
    found = judge_on("test", record=run, base=SimpleNamespace(name="b", sha256="3" * 64)).candidate
    assert (found.run_id, found.sha256, found.base, found.base_sha256) == (
        "r1", "1" * 64, "b", "3" * 64)
    whole = judge_on("test").candidate
    assert (whole.run_id, whole.base, whole.base_sha256) == (None, None, None)


def test_a_look_is_no_verdict():
    assert judge_on("test", what_if=True).outcome == "looked"


def test_items_that_changed_say_what_both_answered():
    broken, mended = changed_items(judged(ITEMS, NOW, BEFORE), ("a", "b"))
    (one,) = broken
    assert (one.text, one.target, one.baseline, one.candidate) == ("text 1", "b", "b", "a")
    assert [(i.target, i.baseline, i.candidate) for i in mended] == [("a", "b", "a"),
                                                                    ("b", "a", "b")]
