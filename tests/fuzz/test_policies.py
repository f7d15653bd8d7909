"""Policies of the gate that nobody wrote by hand."""

import math

from hypothesis import given
from hypothesis import strategies as st
from strategies import any_json, damaged, fuzzed, ours
from test_suites import RAW, VALID, written

from harness.suite import Gate, load_suite
from harness.targets.kinds import KINDS

POLICY = {
    "metrics": {"accuracy": {"at_least": 0.8, "non_inferior_within": 0.02},
                "log_loss": {"at_most": 1.5}, "calibration_error": {"non_inferior_within": 0.1}},
    "ratio_at_most": {"p95_ms": 1.5, "memory": 1.2},
    "worst_slice_drop_at_most": 0.1, "slice_items": 20,
    "forgetting_drop_at_most": {"mean": 0.05, "ifeval": 0.1},
    "calibration_error_at_most": 0.1, "merge_changes_at_most": 0.05,
    "artifact_bytes_at_most": 10**9,
    "candidate_bytes_at_most": 10**10, "requests": 50, "undecided": "cannot-say",
    "missing": "fail",
}
pieces = st.one_of(st.sampled_from(list(RAW)), any_json)


def check_bounds(gate: Gate) -> None:
    """Every limit is one that a figure can be held against, and points the right way."""
    for metric, rule in gate.metrics.items():
        assert rule.limits
        assert all(math.isfinite(limit) and limit >= 0 for limit in rule.limits)
        assert metric == "log_loss" or max(rule.limits) <= 1
        lower = KINDS["classification"].metric(metric).better == "lower"
        assert (rule.at_least if lower else rule.at_most) is None
    assert all(0 < ratio <= 1000 for ratio in gate.ratio_at_most.values())
    assert gate.forgetting_drop_at_most is None or gate.forgetting_drop_at_most
    shares = (gate.worst_slice_drop_at_most, *(gate.forgetting_drop_at_most or {}).values(),
              gate.calibration_error_at_most, gate.merge_changes_at_most)
    assert all(share is None or 0 <= share <= 1 for share in shares)
    assert {gate.undecided, gate.missing} <= {"fail", "cannot-say"}
    if gate.ratio_at_most:
        assert gate.needs_baseline


def asks_something(gate: Gate) -> bool:
    """Whether any rule is left that a model could fail."""
    said = gate.model_dump(exclude_none=True)
    return any(said.get(name) not in (None, {}) for name in (
        "metrics", "ratio_at_most", "worst_slice_drop_at_most", "forgetting_drop_at_most",
        "calibration_error_at_most", "artifact_bytes_at_most"))


@fuzzed
@given(gate=damaged(POLICY, values=pieces))
def test_a_damaged_policy_holds_a_model_to_limits_that_mean_something(folder, gate):
    path = folder / "suite.yaml"
    path.write_text(written(VALID | {"gate": gate, "profiles": {}}))
    loaded = ours(load_suite, path)
    if loaded is not None and loaded.suite.gate is not None:
        check_bounds(loaded.suite.gate)
        assert asks_something(loaded.suite.gate)


@fuzzed
@given(change=damaged(POLICY, values=pieces), profile=st.sampled_from(("quick", "strict")))
def test_a_profile_cannot_turn_a_policy_into_one_that_every_model_passes(folder, change, profile):
    path = folder / "suite.yaml"
    path.write_text(written(VALID | {"gate": POLICY, "profiles": {profile: {"gate": change}}}))
    loaded = ours(load_suite, path, profile)
    if loaded is not None and loaded.suite.gate is not None:
        check_bounds(loaded.suite.gate)
        assert asks_something(loaded.suite.gate)
