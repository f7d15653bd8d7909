"""What is adapted, by which methods: weights that are read here, or a model behind an endpoint."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from harness.common.capabilities import READ_ELSEWHERE, WITH_HEAD
from harness.common.kinds import Quantize, WeightsKind
from harness.suite.budget import BudgetChange
from harness.suite.endpoint import EndpointFields
from harness.suite.part import Choice, Part
from harness.suite.source import Source


class BackboneSpec(Part):
    """A pretrained model, its methods, and where its budget departs from the suite's."""

    kind: WeightsKind
    source: Source
    reader: str | None = None
    """What of another package reads the source, where the kind is `vectors`."""
    head: Literal["classifier"] | None = None
    """`classifier`: a decoder answers through a head on its last token, as transformers has it, and
    not its prompt; methods take it for an encoder."""
    quantize: Quantize | None = None
    """What its matrices are held in, by bitsandbytes; None for as they are multiplied."""
    methods: tuple[Choice, ...] = Field(min_length=1)
    budget: BudgetChange = BudgetChange()

    @model_validator(mode="after")
    def _has_no_head_yet(self) -> BackboneSpec:
        if self.head is not None and self.kind not in WITH_HEAD:
            raise ValueError(f"head: a backbone of kind {self.kind} is not asked for one; leave it "
                             "out")
        return self

    @model_validator(mode="after")
    def _is_read(self) -> BackboneSpec:
        if (self.kind == READ_ELSEWHERE) != (self.reader is not None):
            raise ValueError(f"reader: a backbone of kind {READ_ELSEWHERE} names what reads it, "
                             "and one of another kind does not")
        if self.reader is not None and self.quantize is not None:
            raise ValueError(f"quantize: what reads a backbone of kind {READ_ELSEWHERE} says how "
                             "it is held; leave it out")
        return self

    @property
    def used_as(self) -> WeightsKind:
        """The kind that methods take it for."""
        return self.kind if self.head is None else WITH_HEAD[self.kind]


class EndpointSpec(EndpointFields):
    """A model behind an endpoint, its methods, and where its budget departs from the suite's."""

    methods: tuple[Choice, ...] = Field(min_length=1)
    budget: BudgetChange = BudgetChange()


def _backbone_tag(value: Any) -> str:
    served = isinstance(value, EndpointSpec) or (
        isinstance(value, dict) and not {"endpoint"}.isdisjoint(value))
    return "tag:endpoint" if served else "tag:weights"


AnyBackbone = Annotated[
    Annotated[BackboneSpec, Tag("tag:weights")] | Annotated[EndpointSpec, Tag("tag:endpoint")],
    Discriminator(_backbone_tag),
]
