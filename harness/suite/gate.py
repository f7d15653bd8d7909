"""What a candidate must show before it may replace the approved model."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from harness.common.names import did_you_mean
from harness.suite.part import Part
from harness.targets.kinds import TargetKind
from harness.targets.metric import Metric

Resource = Literal["p50_ms", "p95_ms", "memory"]
Policy = Literal["fail", "cannot-say"]


MEAN = "mean"
"""Of all benchmarks, among the limits of what may be forgotten."""
Share = Annotated[float, Field(ge=0, le=1)]


def _of_the_mean(limit: Any) -> Any:
    """A number alone is the mean's limit."""
    return {MEAN: limit} if isinstance(limit, int | float) else limit


Drops = Annotated[dict[str, Share], Field(min_length=1), BeforeValidator(
    _of_the_mean, json_schema_input_type=Share | dict[str, Share])]


class MetricRule(Part):
    """Limits of one metric, in its unit: shares lie in [0, 1], log loss is in nats an item, errors
    of numbers are in the target's unit."""

    at_least: float | None = Field(None, ge=0)
    at_most: float | None = Field(None, ge=0)
    non_inferior_within: float | None = Field(None, gt=0)
    """How much worse than the baseline it may be, on the same items."""

    @property
    def limits(self) -> tuple[float, ...]:
        """Those that are given."""
        found = (self.at_least, self.at_most, self.non_inferior_within)
        return tuple(limit for limit in found if limit is not None)


class Gate(Part):
    """The policy. A rule holds when its one-sided 95% bound does, not when the figure does."""

    metrics: dict[str, MetricRule] = Field({})
    ratio_at_most: dict[Resource, Annotated[float, Field(gt=0, le=1000)]] = Field({})
    """Candidate over baseline, measured interleaved on this machine."""
    worst_slice_drop_at_most: float | None = Field(None, ge=0)
    """How much worse any slice may be, in the metric that the kind of task has slices judged by:
    accuracy, subset accuracy, F1 over spans, exact match, or the mean absolute error."""
    slice_items: int = Field(50, ge=2)
    """Slices with fewer items are shown and not judged."""
    forgetting_drop_at_most: Drops | None = None
    """Share lost on general benchmarks against the untouched backbone: one number is the limit of
    the mean over them; otherwise by benchmark or probe of the suite, and by `mean`."""
    calibration_error_at_most: float | None = Field(None, ge=0, le=1)
    merge_changes_at_most: float | None = Field(None, ge=0, le=1)
    """Share of answers that may be others once an adapter is merged into the weights."""
    artifact_bytes_at_most: int | None = Field(None, ge=1)
    """Everything the candidate adds to its backbone, as saved."""
    candidate_bytes_at_most: int = Field(20_000_000_000, ge=1)
    """A larger folder is not read at all."""
    requests: int = Field(100, ge=5)
    """Timed requests to each model, for the ratios of latency."""
    undecided: Policy = "fail"
    """When the bounds lie on both sides of a limit: too few items, or too close."""
    missing: Policy = "fail"
    """When a figure could not be had or is not finite."""

    @model_validator(mode="after")
    def _means_what_it_says(self) -> Gate:
        for name, rule in self.metrics.items():
            if not rule.limits:
                raise ValueError(f"{name}: give at_least, at_most or non_inferior_within")
        return self

    @model_validator(mode="after")
    def _asks_something(self) -> Gate:
        rules = (self.metrics, self.ratio_at_most)
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
        sliced, drop = kind.sliced[0], self.worst_slice_drop_at_most
        if drop is not None and sliced.unit == "share" and drop > 1:
            raise ValueError(f"gate: worst_slice_drop_at_most: {sliced.says} is a share, of which "
                             "0.02 are two points")
        if self.calibration_error_at_most is not None and kind.sure is None:
            raise ValueError("gate: calibration_error_at_most: nothing says how sure an answer of "
                             f"a task of kind {kind.name} is; leave the rule out")

    @property
    def needs_baseline(self) -> bool:
        """Whether a rule compares with the approved model."""
        return bool(self.ratio_at_most) or self.worst_slice_drop_at_most is not None or any(
            rule.non_inferior_within is not None for rule in self.metrics.values())


def _check_direction(metric: Metric, rule: MetricRule) -> None:
    """Raises ValueError where a limit would hold the better models back."""
    wrong = {"higher": ("at_most",), "lower": ("at_least",),
             "neither": ("at_least", "at_most", "non_inferior_within")}[metric.better]
    for name in wrong:
        if getattr(rule, name) is not None:
            raise ValueError(f"gate: {metric.name}: `{name}` would hold the better models back")
