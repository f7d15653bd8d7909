"""A suite: task, backbones, methods, budget, what to measure, how to decide, what to ask."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from harness.common.capabilities import INPUTS, READS, continues
from harness.suite.backbone import AnyBackbone, BackboneSpec, EndpointSpec
from harness.suite.budget import Budget, RunLimits
from harness.suite.decide import Decide
from harness.suite.gate import Gate
from harness.suite.measure import Measure
from harness.suite.part import Choice, Name, Part
from harness.suite.source import Source
from harness.suite.task import TaskSpec
from harness.suite.watch import Watch
from harness.targets.kinds import KINDS
from harness.targets.metric import Metric


def _check_matters(metric: Metric, decide: Decide) -> None:
    """Raise ValueError for a difference that is larger than any, and where the metric has a unit of
    which only the suite can say what matters."""
    if metric.unit != "share" and "matters" not in decide.model_fields_set:
        raise ValueError(f"decide.matters: {metric.says} is in the target's unit; say the smallest "
                         "difference of it that would matter to you")
    if metric.unit == "share" and decide.matters >= 1:
        raise ValueError(f"decide.matters: {decide.matters:g} is no difference of {metric.says}, "
                         "which is a share; give less than 1")


class Suite(Part):
    """One task, its backbones, their methods, one budget, how to measure, decide and gate."""

    name: Name
    title: str
    description: str = ""
    task: TaskSpec
    backbones: dict[Name, AnyBackbone] = Field(min_length=1)
    sends_data: bool = False
    """Whether items may be sent to the endpoints among the backbones."""
    methods: tuple[Choice, ...] = ()
    """Methods that need no backbone."""
    embedder: Source | None = None
    """sentence-transformers model for retrieval into prompts."""
    rerankers: dict[Name, Source] = Field(default_factory=dict)
    """Cross-encoders that may put in order what a search finds, by name."""
    budget: Budget = Budget()
    train_sizes: tuple[Annotated[int, Field(ge=2)], ...] = ()
    """Smaller training sizes that every method is fitted at too, for learning curves."""
    run_limits: RunLimits = RunLimits()
    measure: Measure = Measure()
    decide: Decide = Decide()
    gate: Gate | None = None
    watch: Watch | None = None
    """None for the defaults."""

    @model_validator(mode="after")
    def _decided_by_its_kind(self) -> Suite:
        kind = KINDS[self.task.kind]
        decides = kind.find(self.decide.metric)
        if decides is None or not decides.decides:
            raise ValueError(f"decide.metric: {self.decide.metric} is not of a task of kind "
                             f"{self.task.kind}; choose one of {', '.join(kind.deciding)}")
        _check_matters(decides, self.decide)
        if decides.graded and self.endpoints:
            raise ValueError(f"decide.metric: {decides.says} is made of probabilities, which an "
                             f"endpoint may leave out ({', '.join(self.endpoints)}); choose "
                             "another")
        if self.decide.calibrate and not kind.classes:
            raise ValueError(f"decide.calibrate: a task of kind {self.task.kind} has no "
                             "probabilities to calibrate")
        sure = [name for name, spec in self.endpoints.items() if spec.top_logprobs]
        if self.decide.calibrate and sure:
            raise ValueError(f"decide.calibrate: the probabilities of {', '.join(sure)} would stay "
                             "as they are beside calibrated ones; leave `top_logprobs` there out, "
                             "or `calibrate`")
        if self.task.split.calibration is not None and not self.decide.calibrate:
            raise ValueError("task.split.calibration: nothing reads this part; write `calibrate: "
                             "temperature` under `decide`, or leave it out")
        if self.gate is not None:
            self.gate.check_fits(kind)
        return self

    @model_validator(mode="after")
    def _reads_its_items(self) -> Suite:
        for name, spec in self.backbones.items():
            kind = spec.used_as if isinstance(spec, BackboneSpec) else "endpoint"
            if READS[kind] != self.task.input:
                raise ValueError(f"backbones.{name}: reads items of input {READS[kind]}, and the "
                                 f"task's are of input {self.task.input}")
        if self.embedder and not INPUTS[self.task.input].in_words:
            raise ValueError("embedder: embeds texts, and the task has none; leave it out")
        return self

    @model_validator(mode="after")
    def _sends_knowingly(self) -> Suite:
        for name, spec in self.endpoints.items():
            if not self.sends_data and spec.serve is None:  # a server of ours, on this machine
                raise ValueError(f"backbones.{name}: items would be sent to {spec.host}; write "
                                 "`sends_data: true` in the suite if they may be")
            served = None if spec.serve is None else self.weights.get(spec.serve)
            if spec.serve is not None and (served is None or not continues(served.used_as)):
                raise ValueError(f"backbones.{name}.serve: '{spec.serve}' is no decoder of this "
                                 "suite")
        return self

    @property
    def weights(self) -> dict[str, BackboneSpec]:
        """Backbones whose weights are read here."""
        return {name: spec for name, spec in self.backbones.items()
                if isinstance(spec, BackboneSpec)}

    @property
    def endpoints(self) -> dict[str, EndpointSpec]:
        """Backbones that answer elsewhere."""
        return {name: spec for name, spec in self.backbones.items()
                if isinstance(spec, EndpointSpec)}

    def budget_for(self, backbone: str | None) -> Budget:
        """The suite's budget, with the backbone's departures."""
        if backbone is None:
            return self.budget
        return self.backbones[backbone].budget.of(self.budget)
