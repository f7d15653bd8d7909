"""The data of a planned study, looked at before anything is spent on it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from harness.check import power, weights
from harness.check.finding import ORDER, Finding
from harness.check.passed_over import check_passed_over
from harness.common.cache import cache_folder
from harness.common.capabilities import ABILITIES, Can
from harness.common.kept import kept_folder
from harness.processes.own import Say, in_own_process
from harness.processes.server import start_server
from harness.processes.turns import BusyError, Turn, alone
from harness.study.examined import Examined, look_at_labels, look_at_texts
from harness.study.planning.matched import matched
from harness.study.planning.plan import Plan
from harness.targets.kinds import KINDS
from harness.tasks.spread import PartSpread, spreads

FINDINGS = "findings.json"
YIELDING = 19
"""Of all niceness the most: beside a study that is timed, looking at texts takes what is left."""


def findings(plan: Plan, say: Say, turn: Turn = alone) -> tuple[Finding, ...]:
    """All that the checks find, errors first; kept in the cache.

    Only the search for label errors, which embeds texts, takes the device, by `turn`.
    """
    look = _look(plan)
    found = [*check_passed_over(plan.loaded),
             *_kept(look, "texts", _yielding, nullcontext(), say)]
    if look.features is not None and KINDS[look.task.kind].classes:
        try:
            found += _kept(look, "labels", look_at_labels, turn(plan.device, say), say)
        except BusyError as busy:
            found.append(Finding(
                severity="note", check="labels", count=0, suggestion=busy.fix,
                found=f"label errors were not searched for: {busy.found}"))
    return tuple(sorted(found, key=lambda finding: ORDER.index(finding.severity)))


def _yielding(look: Examined, say: Say) -> tuple[Finding, ...]:
    """What needs no vectors, in a process that yields to a study that measures."""
    os.nice(YIELDING)
    return look_at_texts(look, say)


def _kept(look: Examined, part: str, work: Callable[[Examined, Say], tuple[Finding, ...]],
          turn: AbstractContextManager[None], say: Say) -> tuple[Finding, ...]:
    """A part of the findings; what could not be looked at is said, and not kept."""
    folder = cache_folder() / "findings" / f"{look.key}-{part}"

    def make(into: Path) -> None:
        with turn:
            outcome = in_own_process(start_server(), work, look, say)
        if outcome.failure is not None:
            raise _UnlookedError(outcome.failure)
        text = json.dumps([finding.model_dump(mode="json") for finding in outcome.result])
        (into / FINDINGS).write_text(text, encoding="utf-8")

    try:
        kept_folder(folder, make)
    except _UnlookedError as error:
        return (Finding(severity="warning", check="checks", count=0, suggestion="Run `harness "
                        "check` with --debug.", found=f"the {part} could not be checked: {error}"),)
    return tuple(Finding.model_validate(finding) for finding in
                 json.loads((folder / FINDINGS).read_text(encoding="utf-8")))


class _UnlookedError(Exception):
    """A look that failed: the next command looks again."""


def spreads_of(plan: Plan) -> tuple[PartSpread, ...]:
    """Groups by part and class, of all items and of those that the suite's budget draws."""
    return spreads(plan.task.splits, plan.sample(plan.loaded.suite.budget), plan.task.labels)


def power_findings(plan: Plan) -> tuple[Finding, ...]:
    """What the test items cannot tell, and what their weights cost, without a look at their texts.
    """
    look = _look(plan)
    return (*weights.check_weights(look.splits),
            *power.check_power(look.splits, look.matters, look.methods,
                               KINDS[plan.task.kind], look.deciding))


def _look(plan: Plan) -> Examined:
    suite = plan.loaded.suite
    # Of whole texts: two that differ behind the words that are read are no duplicates.
    whole = suite.budget_for(None).model_copy(update={"max_words": None})
    handles = tuple((handle, suite.budget_for(name)) for name, handle in plan.backbones.items())
    encoders = [handle for handle, _ in handles
                if handle.reader is None and Can.EMBED in ABILITIES[handle.kind]]
    methods = len({(run.identity.backbone, run.identity.label) for run in plan.runs
                   if matched(run.budget) == plan.parts[0]})
    return Examined(plan.task, plan.sample(whole), handles,
                suite.budget_for(next(iter(suite.backbones), None)),
                plan.embedder or next(iter(encoders), None), plan.device, suite.decide.matters,
                methods, suite.decide.metric)

