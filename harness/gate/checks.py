"""Each rule of a policy against the evidence: passed, failed, undecided, or missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from harness.gate.bounds import Bounds
from harness.gate.evidence import Evidence
from harness.measure.part import RecordPart
from harness.suite import Gate
from harness.suite.gate import MEAN
from harness.targets.metric import Metric

State = Literal["passed", "failed", "undecided", "missing"]
Unit = Literal["share", "points", "nats", "units", "words", "ratio", "bytes"]
"""A difference of shares is `points`; its figures are shares all the same."""
ORDER: tuple[State, ...] = ("failed", "missing", "undecided", "passed")


class Check(RecordPart):
    """One rule and what was found. `low` and `high` are one-sided 95% bounds, None where the
    figure is exact or absent."""

    rule: str
    limit: float
    at_most: bool
    """Whether the limit is an upper one."""
    unit: Unit
    state: State
    value: float | None = None
    low: float | None = None
    high: float | None = None
    about: str = ""
    """What else a reader must know: which slice, how many items, why nothing was found."""


def check_all(policy: Gate, evidence: Evidence) -> tuple[Check, ...]:
    """Every rule of the policy, in its order."""
    return (*_answers(evidence), *_metrics(policy, evidence), *_ratios(policy, evidence),
            *_slices(policy, evidence), *_rest(policy, evidence))


def check(rule: str, unit: Unit, found: Bounds | str, limit: float, at_most: bool, about: str = ""
          ) -> Check:
    """Passed where the bound that counts keeps the limit, failed where the other one breaks it.

    `found` is a reason where there is no figure.
    """
    if isinstance(found, str) or not np.isfinite(found.value):
        reason = found if isinstance(found, str) else "the figure is not finite"
        return Check(rule=rule, limit=limit, at_most=at_most, unit=unit, state="missing",
                     about=reason)
    held = found.high <= limit if at_most else found.low >= limit
    broken = found.low > limit if at_most else found.high < limit
    exact = found.low == found.high
    about = "; ".join(filter(None, (about, found.about)))
    return Check(rule=rule, limit=limit, at_most=at_most, unit=unit, value=found.value,
                 low=None if exact else found.low, high=None if exact else found.high,
                 state="passed" if held else "failed" if broken else "undecided", about=about)


def _answers(evidence: Evidence) -> Iterator[Check]:
    """A model that does not answer fails whatever the policy asks."""
    if evidence.unanswered:
        share = 1 - evidence.unanswered / evidence.items
        yield Check(rule="items answered", limit=1.0, at_most=False, unit="share", value=share,
                    state="failed", about=f"{evidence.unanswered} of {evidence.items} items have "
                    + evidence.kind.of(
                        "probabilities that are not finite or do not sum to one",
                        "a number that is not finite", "no answer", "no answer"))


def _metrics(policy: Gate, evidence: Evidence) -> Iterator[Check]:
    for metric, rule in policy.metrics.items():
        declared = evidence.kind.metric(metric)
        unit: Unit = declared.unit
        own = evidence.own.get(metric) or "is not defined on these items"
        if rule.at_least is not None:
            yield check(f"{metric} at least", unit, own, rule.at_least, False)
        if rule.at_most is not None:
            yield check(f"{metric} at most", unit, own, rule.at_most, True)
        if rule.non_inferior_within is not None:
            gap = evidence.gaps.get(metric)
            worse = declared.better == "lower"
            yield check(f"{metric} against the baseline", _apart(declared),
                        gap or "is not defined on these items",
                        rule.non_inferior_within if worse else -rule.non_inferior_within, worse)


def _apart(metric: Metric) -> Unit:
    """The unit of a difference."""
    return "points" if metric.unit == "share" else metric.unit


def _ratios(policy: Gate, evidence: Evidence) -> Iterator[Check]:
    for resource, limit in policy.ratio_at_most.items():
        yield check(f"{resource} against the baseline", "ratio", evidence.ratios[resource], limit,
                    True, evidence.timing)


def _slices(policy: Gate, evidence: Evidence) -> Iterator[Check]:
    """The slice that is worst off."""
    limit = policy.worst_slice_drop_at_most
    if limit is None:
        return
    unit = _apart(evidence.sliced)
    judged = [check("worst slice", unit, s.drop, limit, True,
                    f"{s.column}: {s.value}, {s.items} items")
              for s in evidence.slices if s.items >= policy.slice_items]
    small = len(evidence.slices) - len(judged)
    if not judged:
        yield check("worst slice", unit, f"no slice has {policy.slice_items} items", limit, True)
        return
    worst = min(judged, key=lambda c: (ORDER.index(c.state), -(c.value or 0.0)))
    left_out = f"; {small} smaller slices not judged" if small else ""
    yield worst.model_copy(update={"about": worst.about + left_out})


def _rest(policy: Gate, evidence: Evidence) -> Iterator[Check]:
    for name, limit in (policy.forgetting_drop_at_most or {}).items():
        yield check("forgetting" if name == MEAN else f"forgetting of {name}", "points",
                    evidence.forgetting[name], limit, True)
    if policy.calibration_error_at_most is not None:
        yield check("calibration_error at most", "share",
                    evidence.own.get("calibration_error") or "is not defined on these items",
                    policy.calibration_error_at_most, True)
    if policy.merge_changes_at_most is not None:
        yield check("answers changed by merging", "share", evidence.merging,
                    policy.merge_changes_at_most, True)
    if policy.artifact_bytes_at_most is not None:
        size = float(evidence.artifact_bytes)
        yield check("artifact bytes", "bytes", Bounds(size, size, size),
                    policy.artifact_bytes_at_most, True)
