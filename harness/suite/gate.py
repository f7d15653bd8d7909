"""What a candidate must show before it may replace the approved model."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from harness.common.names import did_you_mean
from harness.suite.part import Part
from harness.targets.kinds import KINDS

Resource = Literal["p50_ms", "p95_ms", "memory"]
Policy = Literal["fail", "cannot-say"]
JUDGED = KINDS["classification"]
"""The kind of task that has a gate."""


def _known(name: str) -> str:
    if JUDGED.find(name) is None:
        known = [metric.name for metric in JUDGED.metrics]
        raise ValueError(f"there is no metric '{name}'. {did_you_mean(name, known)}")
    return name




class MetricRule(Part):
    """Limits of one metric. Shares lie in [0, 1]; log loss is in nats an item."""

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

    metrics: dict[Annotated[str, AfterValidator(_known)], MetricRule] = Field({})
    ratio_at_most: dict[Resource, Annotated[float, Field(gt=0, le=1000)]] = Field({})
    """Candidate over baseline, measured interleaved on this machine."""
    worst_slice_drop_at_most: float | None = Field(None, ge=0, le=1)
    """Share of accuracy lost on any slice."""
    slice_items: int = Field(50, ge=2)
    """Slices with fewer items are shown and not judged."""
    forgetting_drop_at_most: float | None = Field(None, ge=0, le=1)
    """Share lost on general benchmarks against the untouched backbone, mean over benchmarks."""
    calibration_error_at_most: float | None = Field(None, ge=0, le=1)
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
            metric = JUDGED.metric(name)
            if not rule.limits:
                raise ValueError(f"{name}: give at_least, at_most or non_inferior_within")
            if metric.unit == "share" and max(rule.limits) > 1:
                raise ValueError(f"{name}: a share lies in 0 to 1: two points are 0.02")
            wrong = "at_least" if metric.better == "lower" else "at_most"
            if getattr(rule, wrong) is not None:
                raise ValueError(f"{name}: `{wrong}` would hold the better models back")
        return self

    @model_validator(mode="after")
    def _asks_something(self) -> Gate:
        rules = (self.metrics, self.ratio_at_most)
        limits = (self.worst_slice_drop_at_most, self.forgetting_drop_at_most,
                  self.calibration_error_at_most, self.artifact_bytes_at_most)
        if not any(rules) and all(limit is None for limit in limits):
            raise ValueError("has no rule: every model would pass")
        return self

    @property
    def needs_baseline(self) -> bool:
        """Whether a rule compares with the approved model."""
        return bool(self.ratio_at_most) or self.worst_slice_drop_at_most is not None or any(
            rule.non_inferior_within is not None for rule in self.metrics.values())
