"""A suite: one YAML file that says task, backbones, methods, budget, measures and decision."""

from harness.common.kinds import BackboneKind, Kind
from harness.suite.backbone import BackboneSpec
from harness.suite.budget import Budget, BudgetChange, RunLimits
from harness.suite.decide import Decide, Limits, Prices
from harness.suite.gate import Gate, MetricRule
from harness.suite.load import LoadedSuite, find_suite, load_suite, methods_of
from harness.suite.measure import Exports, ForgettingItems, Latency, Measure
from harness.suite.part import Choice, Part
from harness.suite.source import FileSource, GivenSources, HubSource, Mirror, Source, WheelSource
from harness.suite.spec import Suite
from harness.suite.task import AnswerReading, Prompt, Split, TaskSpec, Template, Unanswerable
from harness.suite.watch import Watch
from harness.suite.words import Words

__all__ = [
    "AnswerReading",
    "BackboneKind",
    "BackboneSpec",
    "Budget",
    "BudgetChange",
    "Choice",
    "Decide",
    "Exports",
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
    "Unanswerable",
    "Watch",
    "WheelSource",
    "Words",
    "find_suite",
    "load_suite",
    "methods_of",
]
