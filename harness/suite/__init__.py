"""A suite: one YAML file that says task, backbones, methods, budget, measures and decision."""

from harness.common.kinds import BackboneKind, Kind
from harness.suite.decide import Decide, Limits, Prices
from harness.suite.gate import Gate, MetricRule
from harness.suite.load import LoadedSuite, find_suite, load_suite, methods_of
from harness.suite.part import Choice, Part
from harness.suite.source import FileSource, GivenSources, HubSource, Mirror, Source, WheelSource
from harness.suite.spec import (
    AnswerReading,
    BackboneSpec,
    Budget,
    BudgetChange,
    ForgettingItems,
    Latency,
    Measure,
    Prompt,
    RunLimits,
    Split,
    Suite,
    TaskSpec,
    Template,
)
from harness.suite.words import Words

__all__ = [
    "AnswerReading",
    "BackboneKind",
    "BackboneSpec",
    "Budget",
    "BudgetChange",
    "Choice",
    "Decide",
    "FileSource",
    "ForgettingItems",
    "Gate",
    "GivenSources",
    "HubSource",
    "Kind",
    "Latency",
    "Limits",
    "LoadedSuite",
    "Measure",
    "MetricRule",
    "Mirror",
    "Part",
    "Prices",
    "Prompt",
    "RunLimits",
    "Source",
    "Split",
    "Suite",
    "TaskSpec",
    "Template",
    "WheelSource",
    "Words",
    "find_suite",
    "load_suite",
    "methods_of",
]
