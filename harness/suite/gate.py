"""What a candidate must show before it may replace the approved model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from harness.common.names import did_you_mean
from harness.suite.part import Part
from harness.targets.kinds import TargetKind
from harness.targets.metric import Metric

Resource = Literal["p50_ms", "p95_ms", "memory"]
Policy = Literal["fail", "cannot-say"]
Reveals = Literal["outcome", "figures"]
Tier = Literal["must", "should", "note"]
"""What breaking a rule means: the candidate may not ship; it may, with a warning; it is only shown.
"""

MEAN = "mean"
"""Of all benchmarks, among the limits of what may be forgotten."""
Share = Annotated[float, Field(ge=0, le=1)]


def _of_the_mean(limit: Any) -> Any:
    """A number alone is the mean's limit."""
    return {MEAN: limit} if isinstance(limit, int | float) else limit


Drops = Annotated[dict[str, Share], Field(min_length=1), BeforeValidator(
    _of_the_mean, json_schema_input_type=Share | dict[str, Share])]


class Relative(Part):
    """A margin that is a share of what the baseline scores on the same items, and no less than
    `floor`, in the metric's unit."""

    relative: float = Field(gt=0, lt=1)
    floor: float = Field(gt=0)


class MetricRule(Part):
    """Limits of one metric, in its unit: shares lie in [0, 1], log loss is in nats an item, errors
    of numbers are in the target's unit."""

    at_least: float | None = Field(None, ge=0)
    at_most: float | None = Field(None, ge=0)
    non_inferior_within: Annotated[float, Field(gt=0)] | Relative | None = None
    """How much worse than the baseline it may be, on the same items."""

    @property
    def limits(self) -> tuple[float, ...]:
        """Those that are given, in the metric's unit."""
        within = self.non_inferior_within
        found = (self.at_least, self.at_most,
                 within.floor if isinstance(within, Relative) else within)
        return tuple(limit for limit in found if limit is not None)


class Rules(Part):
    """Limits. A rule holds when its one-sided bound does, not when the figure does."""

    metrics: dict[str, MetricRule] = Field({})
    ratio_at_most: dict[Resource, Annotated[float, Field(gt=0, le=1000)]] = Field({})
    """Candidate over baseline, measured interleaved on this machine."""
    worst_slice_drop_at_most: float | None = Field(None, ge=0)
    """How much worse any slice may be, in the metric that the kind of task has slices judged by:
    accuracy, subset accuracy, F1 over spans, exact match, or the mean absolute error."""
    slice_drop_at_most: dict[str, dict[str, Annotated[float, Field(ge=0)]]] = Field({})
    """The same of slices by name, by column and value; each is a rule of its own, whatever the
    slice's size."""
    forgetting_drop_at_most: Drops | None = None
    """Share lost on general benchmarks against the untouched backbone: one number is the limit of
    the mean over them; otherwise by benchmark or probe of the suite, and by `mean`."""
    calibration_error_at_most: float | None = Field(None, ge=0, le=1)
    merge_changes_at_most: float | None = Field(None, ge=0, le=1)
    """Share of answers that may be others once an adapter is merged into the weights."""
    artifact_bytes_at_most: int | None = Field(None, ge=1)
    """Everything the candidate adds to its backbone, as saved."""

    @model_validator(mode="after")
    def _means_what_it_says(self) -> Rules:
        for name, rule in self.metrics.items():
            if not rule.limits:
                raise ValueError(f"{name}: give at_least, at_most or non_inferior_within")
        return self

    @model_validator(mode="after")
    def _asks_something(self) -> Rules:
        rules = (self.metrics, self.ratio_at_most, *self.slice_drop_at_most.values())
        limits = (self.worst_slice_drop_at_most, self.forgetting_drop_at_most,
                  self.calibration_error_at_most, self.merge_changes_at_most,
                  self.artifact_bytes_at_most)
        if not any(rules) and all(limit is None for limit in limits):
            raise ValueError("has no rule: every model would pass")
        return self

    def check_fits(self, kind: TargetKind) -> None:
        """Raises ValueError where a task of this kind cannot be held to it."""
        for name, rule in self.metrics.items():
            metric = kind.find(name)
            if metric is None or metric not in kind.metrics:
                raise ValueError(f"gate: a task of kind {kind.name} has no metric '{name}'. "
                                 + did_you_mean(name, [metric.name for metric in kind.metrics]))
            _check_direction(metric, rule)
            if metric.unit == "share" and max(rule.limits) > 1:
                raise ValueError(f"gate: {name}: a share lies in 0 to 1: two points are 0.02")
        for name, drop in self._drops():
            if kind.sliced[0].unit == "share" and drop > 1:
                raise ValueError(f"gate: {name}: {kind.sliced[0].says} is a share, of which 0.02 "
                                 "are two points")
        if self.calibration_error_at_most is not None and kind.sure is None:
            raise ValueError("gate: calibration_error_at_most: nothing says how sure an answer of "
                             f"a task of kind {kind.name} is; leave the rule out")

    def _drops(self) -> Iterator[tuple[str, float]]:
        if self.worst_slice_drop_at_most is not None:
            yield "worst_slice_drop_at_most", self.worst_slice_drop_at_most
        for column, values in self.slice_drop_at_most.items():
            for value, drop in values.items():
                yield f"slice_drop_at_most: {column}: {value}", drop

    @property
    def needs_baseline(self) -> bool:
        """Whether a rule compares with the approved model."""
        return bool(self.ratio_at_most) or any(self._drops()) or any(
            rule.non_inferior_within is not None for rule in self.metrics.values())


class Gate(Rules):
    """The policy: rules that a candidate must keep, and others that it should or that are shown."""

    should: Rules | None = None
    """Rules that warn: they have their bounds, and no word in the exit code."""
    note: Rules | None = None
    """Rules that are shown."""
    slice_items: int = Field(50, ge=2)
    """Slices with fewer items are shown, and are not judged by the worst slice's rule."""
    attempts: int | None = Field(None, ge=1, le=50)
    """Candidates that may be tried against one approved model; where it is given, or the suite
    keeps a part for the gate, attempts are counted, and share 5%. 10 where it is not."""
    reveals: Reveals = "outcome"
    """What is told of the gate's items, where the suite keeps such: the outcome alone, or all
    figures, by which a next candidate could be fitted to these items."""
    candidate_bytes_at_most: int = Field(20_000_000_000, ge=1)
    """A larger folder is not read at all."""
    requests: int = Field(100, ge=5)
    """Timed requests to each model, for the ratios of latency; more where an attempt's bounds need
    more."""
    undecided: Policy = "fail"
    """When the bounds lie on both sides of a limit: too few items, or too close."""
    missing: Policy = "fail"
    """When a figure could not be had or is not finite."""

    @property
    def tiers(self) -> dict[Tier, Rules]:
        """The rules by what breaking them means."""
        found: dict[Tier, Rules | None] = {"must": self, "should": self.should, "note": self.note}
        return {tier: rules for tier, rules in found.items() if rules is not None}

    def check_fits(self, kind: TargetKind) -> None:
        super().check_fits(kind)
        for rules in filter(None, (self.should, self.note)):
            rules.check_fits(kind)

    @property
    def needs_baseline(self) -> bool:
        """Whether a rule of any tier compares with the approved model."""
        return super().needs_baseline or any(
            rules.needs_baseline for rules in (self.should, self.note) if rules is not None)

    @property
    def resources(self) -> tuple[Resource, ...]:
        """Those of which a rule of any tier speaks."""
        return tuple(dict.fromkeys(
            name for rules in self.tiers.values() for name in rules.ratio_at_most))

    @property
    def forgettings(self) -> tuple[str, ...]:
        """What a rule of any tier says may be forgotten of: benchmarks, probes, the mean."""
        return tuple(dict.fromkeys(
            name for rules in self.tiers.values() for name in rules.forgetting_drop_at_most or {}))


def _check_direction(metric: Metric, rule: MetricRule) -> None:
    """Raises ValueError where a limit would hold the better models back."""
    wrong = {"higher": ("at_most",), "lower": ("at_least",),
             "neither": ("at_least", "at_most", "non_inferior_within")}[metric.better]
    for name in wrong:
        if getattr(rule, name) is not None:
            raise ValueError(f"gate: {metric.name}: `{name}` would hold the better models back")
