"""Rules against evidence."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.gate.bounds import Bounds
from harness.gate.checks import check, check_all
from harness.gate.evidence import Evidence, Held, SliceDrop
from harness.gate.verdict import EXIT_CODES, outcome_of
from harness.suite import Gate
from harness.targets.kinds import KINDS
from harness.targets.metrics import ACCURACY


def evidence(**changes):
    known = {"kind": KINDS["classification"], "sliced": ACCURACY,
             "own": {"accuracy": Bounds(0.8, 0.78, 0.82), "log_loss": Bounds(0.6, 0.5, 0.7),
                     "calibration_error": Bounds(0.05, 0.03, 0.07)},
             "gaps": {"accuracy": Bounds(-0.01, -0.03, 0.01), "log_loss": Bounds(0.1, 0.05, 0.15)},
             "held": {"accuracy": Held(Bounds(0.81, 0.79, 0.83), -0.3),
                      "log_loss": Held(Bounds(0.5, 0.4, 0.6), 0.2)},
             "slices": (SliceDrop("kind", "a", 100, Bounds(0.02, -0.01, 0.05)),
                        SliceDrop("kind", "b", 60, Bounds(0.2, 0.15, 0.25)),
                        SliceDrop("kind", "c", 3, Bounds(0.9, 0.1, 1.0))),
             "ratios": {"p50_ms": Bounds(1.1, 1.0, 1.2), "memory": "not at hand"},
             "timing": "",
             "forgetting": {"mean": Bounds(0.02, -0.01, 0.05), "ifeval": Bounds(0.2, 0.1, 0.3),
                            "sst2": "a reason"},
             "merging": Bounds(0.05, 0.02, 0.1),
             "artifact_bytes": 1000, "items": 100, "unanswered": 0}
    return Evidence(**(known | changes))


@pytest.mark.parametrize(("policy", "state"), [
    ({"metrics": {"accuracy": {"at_least": 0.77}}}, "passed"),
    ({"metrics": {"accuracy": {"at_least": 0.80}}}, "undecided"),
    ({"metrics": {"accuracy": {"at_least": 0.83}}}, "failed"),
    ({"metrics": {"log_loss": {"at_most": 0.71}}}, "passed"),
    ({"metrics": {"log_loss": {"at_most": 0.6}}}, "undecided"),
    ({"metrics": {"log_loss": {"at_most": 0.4}}}, "failed"),
    ({"metrics": {"accuracy": {"non_inferior_within": 0.03}}}, "passed"),
    ({"metrics": {"accuracy": {"non_inferior_within": 0.02}}}, "undecided"),
    ({"metrics": {"log_loss": {"non_inferior_within": 0.15}}}, "passed"),
    ({"metrics": {"log_loss": {"non_inferior_within": 0.1}}}, "undecided"),
    ({"metrics": {"log_loss": {"non_inferior_within": 0.04}}}, "failed"),
    ({"metrics": {"roc_auc": {"at_least": 0.5}}}, "missing"),
    ({"metrics": {"roc_auc": {"non_inferior_within": 0.5}}}, "missing"),
    ({"ratio_at_most": {"p50_ms": 1.2}}, "passed"),
    ({"ratio_at_most": {"p50_ms": 1.1}}, "undecided"),
    ({"ratio_at_most": {"p50_ms": 0.9}}, "failed"), ({"ratio_at_most": {"memory": 9}}, "missing"),
    ({"worst_slice_drop_at_most": 0.25}, "passed"), ({"worst_slice_drop_at_most": 0.1}, "failed"),
    ({"worst_slice_drop_at_most": 0.2}, "undecided"),
    ({"worst_slice_drop_at_most": 0.1, "slice_items": 100}, "passed"),
    ({"worst_slice_drop_at_most": 0.1, "slice_items": 101}, "missing"),
    ({"forgetting_drop_at_most": 0.05}, "passed"), ({"forgetting_drop_at_most": 0.02}, "undecided"),
    ({"forgetting_drop_at_most": {"ifeval": 0.3}}, "passed"),
    ({"forgetting_drop_at_most": {"ifeval": 0.25}}, "undecided"),
    ({"forgetting_drop_at_most": {"ifeval": 0.05}}, "failed"),
    ({"forgetting_drop_at_most": {"sst2": 0.05}}, "missing"),
    ({"calibration_error_at_most": 0.07}, "passed"),
    ({"calibration_error_at_most": 0.02}, "failed"),
    ({"merge_changes_at_most": 0.1}, "passed"), ({"merge_changes_at_most": 0.01}, "failed"),
    ({"merge_changes_at_most": 0.05}, "undecided"),
    ({"artifact_bytes_at_most": 1000}, "passed"), ({"artifact_bytes_at_most": 999}, "failed"),
])
def test_states(policy, state):
    (found,) = check_all(Gate.model_validate(policy), evidence())
    assert found.state == state


def test_the_worst_slice_is_named_and_small_ones_are_counted():
    (found,) = check_all(Gate(worst_slice_drop_at_most=0.1), evidence())
    assert found.about == "kind: b, 60 items; 1 smaller slices not judged"
    assert found.value == 0.2


@given(st.floats(allow_nan=True), st.floats(allow_nan=True), st.floats(allow_nan=True),
       st.floats(-1, 1), st.booleans())
def test_only_a_finite_figure_whose_bound_keeps_the_limit_passes(value, a, b, limit, at_most):
    found = check("rule", "share", Bounds(value, a, b), limit, at_most)
    if found.state == "passed":
        assert math.isfinite(value)
        assert b <= limit if at_most else a >= limit
    if not math.isfinite(value):
        assert found.state == "missing"


@pytest.mark.parametrize(("undecided", "missing", "state", "outcome"), [
    ("fail", "fail", "undecided", "failed"), ("cannot-say", "fail", "undecided", "cannot-say"),
    ("fail", "cannot-say", "missing", "cannot-say"), ("cannot-say", "fail", "missing", "failed"),
    ("fail", "fail", "passed", "passed"), ("cannot-say", "cannot-say", "failed", "failed")])
def test_the_policy_chooses_what_doubt_means(undecided, missing, state, outcome):
    policy = Gate(artifact_bytes_at_most=1, undecided=undecided, missing=missing)
    found = check("rule", "share", Bounds(0, 0, 0), 0, True).model_copy(update={"state": state})
    good = found.model_copy(update={"state": "passed"})
    assert outcome_of([good, found], policy) == outcome
    assert EXIT_CODES[outcome] == {"passed": 0, "failed": 1, "cannot-say": 2}[outcome]


def test_no_check_is_no_pass():
    assert outcome_of([], Gate(artifact_bytes_at_most=1)) == "cannot-say"


def test_a_model_that_does_not_answer_fails_whatever_is_asked():
    first, second = check_all(Gate(artifact_bytes_at_most=1000), evidence(unanswered=3))
    assert (first.state, second.state) == ("failed", "passed")
    assert first.value == 0.97


def test_one_failure_outweighs_any_doubt():
    policy = Gate(artifact_bytes_at_most=1, undecided="cannot-say")
    base = check("rule", "share", Bounds(0, 0, 0), 0, True)
    states = [base.model_copy(update={"state": s}) for s in ("undecided", "failed")]
    assert outcome_of(states, policy) == "failed"


@pytest.mark.parametrize("policy", [
    {}, {"metrics": {"accuracy": {}}}, {"metrics": {"acuracy": {"at_least": 1}}},
    {"undecided": "pass"}, {"artifact_bytes_at_most": 0},
    {"metrics": {"accuracy": {"non_inferior_within": 0}}}, {"ratio_at_most": {"p42_ms": 1}},
    {"ratio_at_most": {"p50_ms": -1}}, {"metrics": {"accuracy": {"at_least": None}}},
    {"metrics": {"accuracy": {"non_inferior_within": 2}}}, {"metrics": {"accuracy": None}},
    {"metrics": {"log_loss": {"non_inferior_within": float("inf")}}},
    {"metrics": {"accuracy": {"at_least": float("-inf")}}},
    {"metrics": {"accuracy": {"at_most": 0.9}}}, {"metrics": {"log_loss": {"at_least": 0.5}}}])
def test_policies_that_are_none(policy):
    with pytest.raises(ValueError, match=r"\w"):
        Gate.model_validate(policy).check_fits(KINDS["classification"])
