"""One gate: candidate and baseline on the same items, every figure the policy asks for."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.backbones.admission.folder import check_unchanged
from harness.common.clock import Clock
from harness.common.errors import HarnessError
from harness.gate.answered import Answered, answered_by
from harness.gate.approve import approved_model
from harness.gate.baseline import Baseline, as_judged
from harness.gate.bounds import Bounds
from harness.gate.candidate import Candidate, Context, model_in
from harness.gate.evidence import Evidence, quality_evidence, slice_evidence
from harness.gate.forgotten import forgetting_evidence
from harness.gate.merged import merge_evidence
from harness.gate.timing import (
    PERCENTILES,
    Timing,
    latency_ratios,
    memory_ratio,
    time_models,
)
from harness.gate.verdict import GateResult, judge
from harness.methods.asking.put import Prompted
from harness.methods.fitted import Answering
from harness.processes.own import Say
from harness.processes.turns import alone
from harness.study.environment import environment
from harness.study.store import Store
from harness.suite import Gate
from harness.targets.kinds import KINDS
from harness.targets.metric import Metric
from harness.tasks.examples import asked

BATCH = 16
"""Items that a model answers at once where its memory is measured."""
NOT_ASKED = "not asked"


@dataclass(frozen=True)
class Approved:
    """The baseline, with the file it came from."""

    baseline: Baseline
    path: Path


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


def run_gate(context: Context, policy: Gate, candidate: Candidate, approved: Approved | None,
             say: Say, seed: int = 0) -> GateResult:
    """Load the candidate, ask it everything, judge. `seed` draws the resamples
    of latencies.

    Without a baseline the candidate answers the test items of the suite's budget. Raises
    HarnessError for a candidate that cannot answer the task.
    """
    start = time.perf_counter()
    with alone(context.device, say):
        found = measure(context, policy, candidate, approved, say)
    say("judging")
    judged = KINDS[context.task.kind].judged_by_slice(context.loaded.suite.decide.metric)
    return judge(context.loaded, policy, candidate, approved.baseline if approved else None,
                 found.answered, weigh(found, seed, judged), context.task.labels,
                 context.task.splits.sha256, environment(context.device),
                 time.perf_counter() - start)


def measure(context: Context, policy: Gate, candidate: Candidate, approved: Approved | None,
            say: Say) -> Measurements:
    """Everything that the policy asks."""
    say("loading the candidate")
    answering = candidate.model.load()
    answered = _answered(context, candidate, answering, approved, say)
    timing, memory = _resources(context, policy, candidate, answering, approved, answered, say)
    forgotten: dict[str, Bounds | str] = {}
    if policy.forgetting_drop_at_most:
        say("forgetting")
        forgotten = forgetting_evidence(
            candidate, answering, context.loaded.suite.measure.forgetting, context.device,
            tuple(policy.forgetting_drop_at_most))
    if candidate.admitted is not None:
        check_unchanged(candidate.admitted)
    return Measurements(answered, timing, memory, f"on {context.device.name}", forgotten,
                        merge_evidence(candidate), candidate.artifact_bytes)


def weigh(found: Measurements, seed: int, judged: Metric) -> Evidence:
    """Figures with their bounds, of slices in the metric that they are judged by; `seed` draws the
    resamples of latencies."""
    own, gaps = quality_evidence(found.answered)
    answered = found.answered
    return Evidence(answered.answers.kind, judged, own, gaps, slice_evidence(answered, judged),
                    ratios(found, seed), found.where, found.forgetting, found.merging,
                    found.artifact_bytes, len(answered.examples),
                    int((~answered.sound).sum()))


def ratios(found: Measurements, seed: int) -> dict[str, Bounds | str]:
    """What the candidate takes of the approved model's time and memory: all that is drawn by
    `seed`."""
    times = (dict.fromkeys(PERCENTILES, found.timing) if isinstance(found.timing, str)
             else latency_ratios(found.timing, seed))
    return {**times, "memory": found.memory}


def _answered(context: Context, candidate: Candidate, answering: Answering,
              approved: Approved | None, say: Say) -> Answered:
    budget = context.loaded.suite.budget_for(None)
    examples = (context.task.splits.tested(budget.test) if approved is None
                else approved.baseline.examples(context.task))
    kind = KINDS[context.task.kind]
    examples = as_judged(examples, kind, context.words)
    say(f"asking {candidate.name} {len(examples)} items")
    said = answering.predict(asked(examples), Clock())
    written = isinstance(model_in(answering), Prompted) and not kind.classes
    return answered_by(candidate.learned or context.task, examples, said, written,
                       approved.baseline.said if approved else None)


def _resources(context: Context, policy: Gate, candidate: Candidate, answering: Answering,
               approved: Approved | None, answered: Answered, say: Say
               ) -> tuple[Timing | str, Bounds | str]:
    """Time and memory against the approved model, where the policy asks for them."""
    timing: Timing | str = NOT_ASKED
    memory: Bounds | str = NOT_ASKED
    limits = policy.ratio_at_most
    if not limits or approved is None:
        return timing, memory
    store, items = Store(context.runs / context.loaded.suite.name), asked(answered.examples)
    try:
        model = approved_model(approved.baseline, approved.path, context.loaded, context.task,
                               store, context.device)
        if any(name in limits for name in PERCENTILES):
            timing = time_models({"candidate": answering, "baseline": model.load()},
                                 items, policy.requests, BATCH, context.device, say)
        if "memory" in limits:
            memory = memory_ratio(candidate.model, model, items[:BATCH], context.device, say)
    except HarnessError as error:
        return error.found, error.found
    return timing, memory
