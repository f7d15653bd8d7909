"""What a plan would send to endpoints: how many texts, in how many requests, and for how much."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from harness.measure.part import RecordPart
from harness.measure.usage import money
from harness.methods.asking.served import writer_of
from harness.methods.asking.shown import Asking
from harness.targets.kinds import KINDS
from harness.tasks.examples import Example

if TYPE_CHECKING:
    from harness.study.planning.plan import Plan, PlannedRun

SEEN = 200
"""Test items whose prompts are written to tell how long they are."""


class Outgoing(RecordPart):
    """To one endpoint, at the most: answers that are kept are not asked again."""

    backbone: str
    host: str
    runs: int
    texts: int
    """Items whose text is sent, each counted once."""
    requests: int
    tokens: int
    """Of all prompts, by the tokenizer that they are cut by; a server counts others."""
    money: float | None
    """For these tokens, and the longest answers that may be given; None without prices."""


def outgoing(plan: Plan, left: Iterable[PlannedRun]) -> tuple[Outgoing, ...]:
    """What the runs that are left would send, an entry an endpoint."""
    by_endpoint: dict[str, list[PlannedRun]] = {}
    for run in left:
        if run.entry.backbone in plan.endpoints:
            by_endpoint.setdefault(str(run.entry.backbone), []).append(run)
    return tuple(_of(plan, name, runs) for name, runs in by_endpoint.items())


def _of(plan: Plan, name: str, runs: Sequence[PlannedRun]) -> Outgoing:
    said = plan.endpoints[name].said
    sent: set[str] = set()
    requests, tokens, written = 0, 0, 0
    for run in runs:
        splits = plan.sample(run.budget, run.identity.draw)
        shown = (*splits.train, *splits.validation, *splits.test)
        sent |= {e.id for e in (shown if run.entry.method.learns else shown[len(splits.train):])}
        asked = _asked(plan, run, len(splits.validation), len(splits.test))
        requests += asked
        tokens += round(asked * _length(plan, run, splits.test, tuple(splits.train)))
        written += asked * _most(plan)
    return Outgoing(backbone=name, host=said.host, runs=len(runs), texts=len(sent),
                    requests=requests, tokens=tokens, money=money(said.prices, tokens, written))


def _asked(plan: Plan, run: PlannedRun, validation: int, test: int) -> int:
    """Requests of a run: trials and the chosen setting on validation, test, and what is timed."""
    timed = plan.loaded.suite.measure.latency
    latency = (timed.warmup + timed.requests + timed.batch * timed.batches
               if run.tuned_by is None and run.size is None else 0)
    trials = run.budget.trials if run.tuned_by is None else 1
    several = KINDS[plan.task.kind].classes and KINDS[plan.task.kind].several
    return (trials * validation + test + latency) * (len(plan.task.labels) if several else 1)


def _length(plan: Plan, run: PlannedRun, test: Sequence[Example], train: tuple[Example, ...]
            ) -> float:
    """Tokens of a prompt: the mean of some items', with the most that a method shows beside them.
    """
    endpoint = plan.endpoints[str(run.entry.backbone)]
    writer = writer_of(plan.task.view, endpoint, run.budget.max_length)
    shown = run.entry.method.shows(Asking(
        writer, train, plan.task.corpus, plan.task.kind, run.budget.trials, run.identity.seed))
    some = writer.prompts(test[:SEEN])
    added = shown.retrieved + (len(writer.shots(shown.shots)) if shown.shots else 0)
    return sum(map(len, some)) / len(some) + added


def _most(plan: Plan) -> int:
    """Tokens of the longest answer."""
    return plan.task.answer_tokens or max(len(option.encode()) for option in plan.task.options)
