"""Each rule of a policy against the evidence: passed, failed, undecided, or missing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from harness.gate.bounds import Bounds
from harness.gate.evidence import Evidence, Held, SliceDrop
from harness.measure.part import RecordPart
from harness.suite import Gate
from harness.suite.gate import MEAN, Relative, Rules, Tier
from harness.targets.metric import Metric

State = Literal["passed", "failed", "undecided", "missing", "withheld"]
"""`withheld` is what came of a rule on items of which nothing but the outcome is told."""
Unit = Literal["share", "points", "nats", "units", "words", "ratio", "bytes"]
"""A difference of shares is `points`; its figures are shares all the same."""
ORDER: tuple[State, ...] = ("failed", "missing", "undecided", "passed")
WORST, UNDEFINED = "worst slice", "is not defined on these items"


class Check(RecordPart):
    """One rule and what was found. `low` and `high` are one-sided bounds, None where the figure is
    exact or absent."""

    rule: str
    limit: float
    at_most: bool
    """Whether the limit is an upper one."""
    unit: Unit
    state: State
    tier: Tier = "must"
    """What breaking it means."""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    about: str = ""
    """What else a reader must know: which slice, how many items, why nothing was found."""
    of_items: bool = False
    """Whether it hangs on how the items of the data were answered."""

    @property
    def withheld(self) -> Check:
        """The rule alone."""
        return Check(rule=self.rule, limit=self.limit, at_most=self.at_most, unit=self.unit,
                     tier=self.tier, of_items=self.of_items, state="withheld")


def check_all(policy: Gate, evidence: Evidence) -> tuple[Check, ...]:
    """Every rule of the policy, tier by tier, in its order."""
    of_tiers = (each.model_copy(update={"tier": tier}) for tier, rules in policy.tiers.items()
                for each in _of(rules, evidence, policy.slice_items))
    return (*_answers(evidence), *of_tiers)


def _of(rules: Rules, evidence: Evidence, slice_items: int) -> Iterator[Check]:
    for each in (*_metrics(rules, evidence), *_calibration(rules, evidence),
                 *_slices(rules, evidence, slice_items)):
        yield each.model_copy(update={"of_items": True})
    yield from _ratios(rules, evidence)
    yield from _rest(rules, evidence)


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


def _metrics(rules: Rules, evidence: Evidence) -> Iterator[Check]:
    for metric, rule in rules.metrics.items():
        declared = evidence.kind.metric(metric)
        unit: Unit = declared.unit
        own = evidence.own.get(metric) or UNDEFINED
        if rule.at_least is not None:
            yield check(f"{metric} at least", unit, own, rule.at_least, False)
        if rule.at_most is not None:
            yield check(f"{metric} at most", unit, own, rule.at_most, True)
        if rule.non_inferior_within is not None:
            yield _against(declared, rule.non_inferior_within, evidence)


def _against(metric: Metric, within: float | Relative, evidence: Evidence) -> Check:
    """How much worse than the baseline a metric may be."""
    rule, worse = f"{metric.name} against the baseline", metric.better == "lower"
    gap, held = evidence.gaps.get(metric.name), evidence.held.get(metric.name)
    margin, about = (within, "") if isinstance(within, float) else (within.floor, "")
    if isinstance(within, Relative) and gap is not None and held is not None:
        share = within.relative * max(held.figure.value, 0.0)
        margin = max(margin, share)
        about = (f"{within.relative:.3g} of the baseline's {held.figure.value:.3f}"
                 if share > within.floor else "the least margin")
        gap = with_margin(gap, held, within.relative, worse) if share > within.floor else gap
    return check(rule, _apart(metric), gap or UNDEFINED, margin if worse else -margin, worse, about)


def _calibration(rules: Rules, evidence: Evidence) -> Iterator[Check]:
    if rules.calibration_error_at_most is not None:
        yield check("calibration_error at most", "share",
                    evidence.own.get("calibration_error") or UNDEFINED,
                    rules.calibration_error_at_most, True)


def with_margin(gap: Bounds, held: Held, relative: float, worse: bool) -> Bounds:
    """The bounds of a difference whose margin is a share of the baseline's figure: with what that
    figure's own error adds to what is lost beyond the share.

    That has the variance of the difference, of the share, and twice what they go together by; the
    reach of the baseline's own bounds stands for its error, as in `compare.mover`, and what would
    be less than the difference's own variance is not counted (Zou and Donner 2008).
    """
    toward = -1.0 if worse else 1.0
    more = max(0.0, relative**2 + 2 * relative * toward * held.slope)
    figure = held.figure
    if not more:
        return gap
    return replace(gap, low=gap.value - math.hypot(
        gap.value - gap.low, more**0.5 * (figure.value - figure.low)),
        high=gap.value + math.hypot(gap.high - gap.value,
                                    more**0.5 * (figure.high - figure.value)))


def _apart(metric: Metric) -> Unit:
    """The unit of a difference."""
    return "points" if metric.unit == "share" else metric.unit


def _ratios(rules: Rules, evidence: Evidence) -> Iterator[Check]:
    for resource, limit in rules.ratio_at_most.items():
        yield check(f"{resource} against the baseline", "ratio", evidence.ratios[resource], limit,
                    True, evidence.timing)


def _slices(rules: Rules, evidence: Evidence, least: int) -> Iterator[Check]:
    """The slice that is worst off among those of so many items, and those that are named."""
    unit = _apart(evidence.sliced)
    if rules.worst_slice_drop_at_most is not None:
        yield _worst(rules.worst_slice_drop_at_most, unit, evidence.slices, least)
    there = {(s.column, s.value): s for s in evidence.slices}
    for column, values in rules.slice_drop_at_most.items():
        for value, limit in values.items():
            found = there.get((column, value))
            yield check(f"slice {column}: {value}", unit, found.drop if found else
                        "no item that was asked is of this slice", limit, True,
                        f"{found.items} items" if found else "")


def _worst(limit: float, unit: Unit, slices: Sequence[SliceDrop], least: int) -> Check:
    judged = [check(WORST, unit, s.drop, limit, True, f"{s.column}: {s.value}, {s.items} items")
              for s in slices if s.items >= least]
    small = len(slices) - len(judged)
    if not judged:
        return check(WORST, unit, f"no slice has {least} items", limit, True)
    worst = min(judged, key=lambda c: (ORDER.index(c.state), -(c.value or 0.0)))
    left_out = f"; {small} smaller slices not judged" if small else ""
    return worst.model_copy(update={"about": worst.about + left_out})


def _rest(rules: Rules, evidence: Evidence) -> Iterator[Check]:
    for name, limit in (rules.forgetting_drop_at_most or {}).items():
        yield check("forgetting" if name == MEAN else f"forgetting of {name}", "points",
                    evidence.forgetting[name], limit, True)
    if rules.merge_changes_at_most is not None:
        yield check("answers changed by merging", "share", evidence.merging,
                    rules.merge_changes_at_most, True)
    if rules.artifact_bytes_at_most is not None:
        size = float(evidence.artifact_bytes)
        yield check("artifact bytes", "bytes", Bounds(size, size, size),
                    rules.artifact_bytes_at_most, True)
