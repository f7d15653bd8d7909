"""How a study is decided: the metric, the limits, and what a device-hour costs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from harness.suite.part import Part

Scope = Literal["such-items", "these-items"]
"""What a verdict is about: training sets of the budget's size, so that each seed draws its own
where there are more; or the one set that is drawn first, whatever the seed."""


class Limits(Part):
    """What a method may not exceed to be recommended; None for no limit."""

    p95_ms: float | None = Field(None, gt=0)
    device_hours: float | None = Field(None, gt=0)
    """To adapt, stand-alone."""
    peak_memory_gb: float | None = Field(None, gt=0)
    """Decimal gigabytes, while adapting."""
    artifact_mb: float | None = Field(None, gt=0)
    """Decimal megabytes, on top of the backbone."""
    forgetting_points: float | None = Field(None, ge=0)
    """Percentage points lost on general benchmarks."""
    money: float | None = Field(None, gt=0)
    """Adaptation and `requests` answers, in the currency of the prices."""


class Prices(Part):
    """The user's own prices; what is left out comes from the table that ships."""

    currency: str | None = Field(None, max_length=8)
    device_hour: float | None = Field(None, ge=0)
    watts: float | None = Field(None, ge=0)
    """Electrical power of the device at work."""
    kilowatt_hour: float | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _in_one_currency(self) -> Prices:
        if (self.currency is None) != (self.device_hour is None):
            raise ValueError("give currency and device_hour together: the table that ships has "
                             "its own currency")
        return self


class Decide(Part):
    """How a study is decided."""

    metric: str = "macro_f1"
    """One that decides its kind of task (`harness.targets.kinds`)."""
    scope: Scope = "such-items"
    matters: float = Field(0.02, gt=0)
    """The smallest difference of the metric that would matter to you, in its unit."""
    calibrate: Literal["temperature"] | None = None
    """What makes every method's probabilities as sure as they are right, fitted on its validation
    items: a temperature (Guo et al. 2017). No answer changes; log loss and calibration error are
    then of what it gives."""
    requests: int = Field(1_000_000, ge=0)
    """Answers that the tuned model will give; its cost is adaptation plus these."""
    limits: Limits = Limits()
    prices: Prices = Prices()
