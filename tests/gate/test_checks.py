"""Rules against evidence."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judged import judged
from scipy.stats import binom

from harness.gate.bounds import Bounds
from harness.gate.checks import check, check_all, with_margin
from harness.gate.evidence import Evidence, Held, SliceDrop, quality_evidence
from harness.gate.verdict import EXIT_CODES, fails, outcome_of
from harness.suite import Gate
from harness.targets.kinds import KINDS
from harness.targets.metrics import ACCURACY
from harness.tasks.examples import Example


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
             "timing": "", "parts": {},
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
    ({"slice_drop_at_most": {"kind": {"b": 0.25}}}, "passed"),
    ({"slice_drop_at_most": {"kind": {"b": 0.2}}}, "undecided"),
    ({"slice_drop_at_most": {"kind": {"c": 0.05}}}, "failed"),
    ({"slice_drop_at_most": {"kind": {"d": 0.9}}}, "missing"),
    ({"slice_drop_at_most": {"other": {"a": 0.9}}}, "missing"),
])
def test_states(policy, state):
    (found,) = check_all(Gate.model_validate(policy), evidence())
    assert found.state == state


def test_a_slice_that_lost_nothing_is_not_the_worst():
    slices = tuple(SliceDrop("kind", name, 50, Bounds(value, value - 0.1, value + 0.1))
                   for name, value in (("none", 0.0), ("some", 0.02), ("less", -0.01)))
    (found,) = check_all(Gate.model_validate({"worst_slice_drop_at_most": 0.5}),
                         evidence(slices=slices))
    assert (found.state, found.value, found.about) == ("passed", 0.02, "kind: some, 50 items")


def test_an_exact_figure_has_no_bounds_and_any_other_both():
    (exact,) = check_all(Gate.model_validate({"artifact_bytes_at_most": 1}), evidence())
    assert (exact.value, exact.low, exact.high) == (1000, None, None)
    (drawn,) = check_all(Gate.model_validate({"merge_changes_at_most": 0.1}), evidence())
    assert (drawn.value, drawn.low, drawn.high) == (0.05, 0.02, 0.1)


@pytest.mark.parametrize(("policy", "unit", "of_items"), [
    ({"metrics": {"accuracy": {"at_least": 0.7}}}, "share", True),
    ({"metrics": {"accuracy": {"non_inferior_within": 0.1}}}, "points", True),
    ({"metrics": {"log_loss": {"at_most": 0.7}}}, "nats", True),
    ({"metrics": {"log_loss": {"non_inferior_within": 0.1}}}, "nats", True),
    ({"calibration_error_at_most": 0.1}, "share", True),
    ({"worst_slice_drop_at_most": 0.1}, "points", True),
    ({"slice_drop_at_most": {"kind": {"b": 0.2}}}, "points", True),
    ({"ratio_at_most": {"p50_ms": 2}}, "ratio", False),
    ({"forgetting_drop_at_most": 0.1}, "points", False),
    ({"merge_changes_at_most": 0.1}, "share", False),
    ({"artifact_bytes_at_most": 1}, "bytes", False)])
def test_each_rule_has_its_unit_and_is_of_the_items_or_not(policy, unit, of_items):
    """What is of the items is withheld where nothing but the outcome is told."""
    (found,) = check_all(Gate.model_validate(policy), evidence())
    assert (found.unit, found.of_items) == (unit, of_items)
    kept = found.withheld
    assert (kept.state, kept.value, kept.low, kept.high, kept.about) == (
        "withheld", None, None, None, "")
    assert (kept.rule, kept.limit, kept.at_most, kept.unit, kept.tier, kept.of_items) == (
        found.rule, found.limit, found.at_most, found.unit, found.tier, found.of_items)


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


def relative(share, floor):
    return {"non_inferior_within": {"relative": share, "floor": floor}}


@pytest.mark.parametrize(("metric", "share", "floor", "limit", "state", "about"), [
    # 5% of 0.81 is 0.0405, and 1% of it less than the floor.
    ("accuracy", 0.05, 0.01, -0.0405, "passed", "0.05 of the baseline's 0.810"),
    ("accuracy", 0.01, 0.031, -0.031, "passed", "the least margin"),
    ("accuracy", 0.01, 0.02, -0.02, "undecided", "the least margin"),
    ("log_loss", 0.4, 0.01, 0.2, "passed", "0.4 of the baseline's 0.500"),
    ("log_loss", 0.2, 0.01, 0.1, "undecided", "0.2 of the baseline's 0.500"),
    ("log_loss", 0.02, 0.01, 0.01, "failed", "the least margin")])
def test_a_margin_may_be_a_share_of_the_baseline_s_figure(metric, share, floor, limit, state,
                                                          about):
    (found,) = check_all(Gate.model_validate({"metrics": {metric: relative(share, floor)}}),
                         evidence())
    assert found.limit == pytest.approx(limit)
    assert (found.state, found.about) == (state, about)


def test_a_share_s_own_error_widens_the_bounds_and_nothing_narrows_them():
    """Worked by hand: of accuracy 0.05² + 2 · 0.05 · slope, of log loss the other sign."""
    gap, held = Bounds(-0.01, -0.03, 0.01), Held(Bounds(0.8, 0.7, 0.85), 0.3)
    found = with_margin(gap, held, 0.05, worse=False)
    more = 0.05**2 + 2 * 0.05 * 0.3
    assert found.low == pytest.approx(-0.01 - (0.02**2 + more * 0.1**2) ** 0.5)
    assert found.high == pytest.approx(-0.01 + (0.02**2 + more * 0.05**2) ** 0.5)
    assert with_margin(gap, held, 0.05, worse=True) == gap
    assert with_margin(gap, Held(held.figure, -0.3), 0.05, worse=False) == gap
    assert with_margin(gap, Held(held.figure, -0.3), 0.05, worse=True) == found


@pytest.mark.parametrize(("share", "of"), [(0.05, 0.8), (0.3, 0.5)])
def test_a_model_at_its_share_s_margin_passes_in_five_of_a_hundred(share, of):
    """Accuracy truly lower by just the share; 1,000 items, both figures drawn."""
    rng, studies, passed = np.random.default_rng(6), 150, 0
    policy = Gate.model_validate({"metrics": {"accuracy": relative(share, 0.001)}})
    for _ in range(studies):
        before = rng.random(1_000) < of
        after = before & (rng.random(1_000) < 1 - share)
        targets = np.arange(1_000) % 2
        answered = judged(_examples(targets), *(_answers(side, targets) for side in
                                                (after, before)))
        quality = quality_evidence(answered)
        (found,) = check_all(policy, evidence(own=quality.own, gaps=quality.gaps,
                                              held=quality.held))
        passed += found.state == "passed"
    assert passed / studies <= binom.ppf(0.999, studies, 0.05) / studies
    assert passed


def _answers(right, targets):
    named = np.where(right, targets, 1 - targets)
    return np.eye(2)[named] * 0.8 + 0.1


def _examples(targets):
    return tuple(Example(str(i), "t", None, int(t), str(i), {}) for i, t in enumerate(targets))


TIERS = {"artifact_bytes_at_most": 1000,
         "should": {"metrics": {"accuracy": {"at_least": 0.83}}},
         "note": {"ratio_at_most": {"p50_ms": 0.9}}}


def test_only_rules_that_must_hold_decide_and_the_others_have_their_bounds():
    policy = Gate.model_validate(TIERS)
    must, should, note = check_all(policy, evidence())
    assert [(c.tier, c.state) for c in (must, should, note)] == [
        ("must", "passed"), ("should", "failed"), ("note", "failed")]
    assert (should.low, should.high) == (0.78, 0.82)
    assert outcome_of((must, should, note), policy) == "passed"
    assert not fails(should, policy)
    assert outcome_of((should, note), policy) == "cannot-say", "no rule that must hold, no pass"
    broken = must.model_copy(update={"state": "undecided"})
    assert outcome_of((broken, should), policy) == "failed"


@pytest.mark.parametrize("policy", [
    {"should": TIERS["should"]}, {"artifact_bytes_at_most": 1, "should": {}},
    {"artifact_bytes_at_most": 1, "note": {"undecided": "fail"}},
    {"artifact_bytes_at_most": 1, "should": {"note": TIERS["note"]}},
    {"metrics": {"accuracy": relative(1, 0.01)}}, {"metrics": {"accuracy": relative(0.1, 0)}},
    {"metrics": {"accuracy": {"non_inferior_within": {"relative": 0.1}}}},
    {"metrics": {"accuracy": relative(0.1, 2)}}, {"slice_drop_at_most": {"kind": {}}},
    {"slice_drop_at_most": {"kind": {"a": 2}}}, {"attempts": 5},
    {"artifact_bytes_at_most": 1, "attempts": 0}, {"artifact_bytes_at_most": 1, "attempts": 51},
    {"artifact_bytes_at_most": 1, "should": {"metrics": {"accuracy": {"at_most": 0.9}}}}])
def test_tiers_shares_and_limits_that_are_none(policy):
    with pytest.raises(ValueError, match=r"\w"):
        Gate.model_validate(policy).check_fits(KINDS["classification"])


def test_what_any_tier_asks_is_measured():
    policy = Gate.model_validate({
        "artifact_bytes_at_most": 1, "should": {"ratio_at_most": {"memory": 2}},
        "note": {"forgetting_drop_at_most": {"ifeval": 0.1}, "ratio_at_most": {"p50_ms": 2}}})
    assert (policy.resources, policy.forgettings) == (("memory", "p50_ms"), ("ifeval",))
    assert policy.needs_baseline
    assert not Gate(artifact_bytes_at_most=1).needs_baseline
    assert Gate.model_validate({"slice_drop_at_most": {"kind": {"a": 0.1}}}).needs_baseline
