"""What a study measures beside quality."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from harness.common.kinds import ExportFormat
from harness.suite.part import Part


class Latency(Part):
    """How latency is measured: interleaved rounds of one request a method."""

    requests: int = Field(100, ge=2)
    warmup: int = Field(3, ge=1)
    batch: int = Field(16, ge=1)
    batches: int = Field(4, ge=1)


class ForgettingItems(Part):
    """General items that a tuned model is compared on with its untouched backbone.

    Items are drawn by `seed` and are the same for all methods.
    """

    benchmarks: dict[str, Annotated[int, Field(ge=2)]] = Field({})
    """For models that answer prompts: benchmark (of the catalogue, or any task of lm-eval) to
    number of items."""
    probes: dict[str, Annotated[int, Field(ge=20)]] = Field({})
    """For encoders: probe (sst2, mrpc, rte; of pictures digits, fabric) to number of items."""
    passages: int = Field(0, ge=0)
    """Passages of general text: similarity for encoders, cross-entropy for all others. Of pictures
    so many others of the probes' sets, for similarity."""
    chat: bool = False
    """Whether benchmarks are asked in the model's chat template, where it has one. Instructions
    (`ifeval`) always are."""
    seed: int = 0


class Exports(Part):
    """As what finished runs are exported and judged: `[bf16, int8]`, or `{to: [int8], methods:
    [lora]}`."""

    to: tuple[ExportFormat, ...] = Field(min_length=1)
    methods: tuple[str, ...] | None = None
    """Their labels; None for every method that is one model."""

    @model_validator(mode="before")
    @classmethod
    def _of_a_list(cls, value: Any) -> Any:
        return {"to": value} if isinstance(value, list | tuple) else value

    @model_validator(mode="after")
    def _named_once(self) -> Exports:
        if len(set(self.to)) < len(self.to):
            raise ValueError("a format is named twice")
        return self


class Measure(Part):
    """What is measured beside quality."""

    latency: Latency = Latency()
    forgetting: ForgettingItems | None = None
    exports: Exports | None = None
    """What runs are as they ship; None to look at the runs alone."""
