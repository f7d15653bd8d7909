"""One gate: candidate and baseline on the same items, every figure the policy asks for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.backbones.admission.folder import check_unchanged
from harness.common.clock import Clock
from harness.common.errors import HarnessError
from harness.gate.answered import Answered, answered_by
from harness.gate.approve import approved_model
from harness.gate.baseline import Baseline, as_judged
from harness.gate.bounds import Bounds
from harness.gate.candidate import Candidate, Context
from harness.gate.evidence import Evidence, quality_evidence, slice_evidence
from harness.gate.forgotten import forgetting_evidence
from harness.gate.merged import merge_evidence
from harness.gate.timing import (
    PERCENTILES,
    Timing,
    latency_ratios,
    memory_ratio,
    requests_for,
    time_models,
)
from harness.gate.verdict import Attempt, GateResult, Terms, judge, level_of
from harness.methods.fitted import Answering, declared
from harness.processes.own import Say
from harness.processes.turns import alone
from harness.study.environment import environment
from harness.study.store import Store
from harness.suite import Gate
from harness.targets.kinds import KINDS
from harness.targets.metric import Metric
from harness.tasks.examples import PartName, asked

BATCH = 16
"""Items that a model answers at once where its memory is measured."""
NOT_ASKED = "not asked"


@dataclass(frozen=True)
class Approved:
    """The baseline, with the file it came from."""

    baseline: Baseline
    path: Path


Begin = Callable[[], Attempt | None]
"""Counts an attempt, once a candidate was found to be one that can be asked; None where attempts
are not counted."""


def uncounted() -> None:
    """What begins an attempt that is not counted."""


@dataclass(frozen=True)
class Measurements:
    """What was measured, before any of it is judged. A string says why there is nothing."""

    answered: Answered
    timing: Timing | str
    memory: Bounds | str
    where: str
    forgetting: Mapping[str, Bounds | str]
    merging: Bounds | str
    artifact_bytes: int
    attempt: Attempt | None = None


def run_gate(context: Context, policy: Gate, candidate: Candidate, approved: Approved | None,
             say: Say, seed: int = 0, begin: Begin = uncounted, what_if: bool = False
             ) -> GateResult:
    """Load the candidate, ask it everything, judge. `seed` draws the resamples of latencies.

    It answers the items that the baseline judges by, or for a look (`what_if`) the test items;
    without a baseline those of the suite's budget. Raises HarnessError for a candidate that cannot
    answer the task, before `begin` is called.
    """
    start = time.perf_counter()
    part = approved.baseline.judging if approved and not what_if else "test"
    with alone(context.device, say):
        found = measure(context, policy, candidate, approved, say, part, begin)
    say("judging")
    judged = KINDS[context.task.kind].judged_by_slice(context.loaded.suite.decide.metric)
    return judge(context.loaded, policy, candidate, approved.baseline if approved else None,
                 found.answered, weigh(found, seed, judged), context.task,
                 Terms(part, found.attempt, what_if), environment(context.device),
                 time.perf_counter() - start)


def measure(context: Context, policy: Gate, candidate: Candidate, approved: Approved | None,
            say: Say, part: PartName = "test", begin: Begin = uncounted) -> Measurements:
    """Everything that the policy asks, at the level of the attempt that begins."""
    say("loading the candidate")
    answering = candidate.model.load()
    attempt = begin()
    level = level_of(attempt)
    answered = _answered(context, candidate, answering, approved, part, say)
    timing, memory = _resources(context, policy, candidate, answering, approved, answered, level,
                                say)
    forgotten: dict[str, Bounds | str] = {}
    if policy.forgettings:
        say("forgetting")
        forgotten = forgetting_evidence(
            candidate, answering, context.loaded.suite.measure.forgetting, context.device,
            policy.forgettings, level)
    if candidate.admitted is not None:
        check_unchanged(candidate.admitted)
    return Measurements(answered, timing, memory, f"on {context.device.name}", forgotten,
                        merge_evidence(candidate, level), candidate.artifact_bytes, attempt)


def weigh(found: Measurements, seed: int, judged: Metric) -> Evidence:
    """Figures with their bounds, of slices in the metric that they are judged by; `seed` draws the
    resamples of latencies."""
    answered, level = found.answered, level_of(found.attempt)
    quality = quality_evidence(answered, level)
    return Evidence(answered.answers.kind, judged, quality.own, quality.gaps, quality.held,
                    slice_evidence(answered, judged, level),
                    ratios(found, seed), found.where, found.forgetting, found.merging,
                    found.artifact_bytes, len(answered.examples),
                    int((~answered.sound).sum()))


def ratios(found: Measurements, seed: int) -> dict[str, Bounds | str]:
    """What the candidate takes of the approved model's time and memory: all that is drawn by
    `seed`."""
    times: Mapping[str, Bounds | str] = (
        dict.fromkeys(map(str, PERCENTILES), found.timing) if isinstance(found.timing, str)
        else latency_ratios(found.timing, seed, level_of(found.attempt)))
    return {**times, "memory": found.memory}


def _answered(context: Context, candidate: Candidate, answering: Answering,
              approved: Approved | None, part: PartName, say: Say) -> Answered:
    budget = context.loaded.suite.budget_for(None)
    examples = (context.task.splits.tested(budget.test) if approved is None
                else approved.baseline.examples(context.task, part))
    kind = KINDS[context.task.kind]
    examples = as_judged(examples, kind, context.words)
    say(f"asking {candidate.name} {len(examples)} items")
    said = answering.predict(asked(examples), Clock())
    written = declared(answering).prompted is not None and not kind.classes
    return answered_by(candidate.learned or context.task, examples, said, written,
                       approved.baseline.said(part) if approved else None)


def _resources(context: Context, policy: Gate, candidate: Candidate, answering: Answering,
               approved: Approved | None, answered: Answered, level: float, say: Say
               ) -> tuple[Timing | str, Bounds | str]:
    """Time and memory against the approved model, where the policy asks for them."""
    timing: Timing | str = NOT_ASKED
    memory: Bounds | str = NOT_ASKED
    limits = policy.resources
    if not limits or approved is None:
        return timing, memory
    store, items = Store(context.runs / context.loaded.suite.name), asked(answered.examples)
    try:
        model = approved_model(approved.baseline, approved.path, context.loaded, context.task,
                               store, context.device)
        if any(name in limits for name in PERCENTILES):
            timing = time_models({"candidate": answering, "baseline": model.load()},
                                 items, requests_for(policy.requests, limits, level), BATCH,
                                 context.device, say)
        if "memory" in limits:
            memory = memory_ratio(candidate.model, model, items[:BATCH], context.device, level,
                                  say)
    except HarnessError as error:
        return error.found, error.found
    return timing, memory
