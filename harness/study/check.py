"""The data of a planned study, looked at before anything is spent on it."""

from __future__ import annotations

import dataclasses
import inspect
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from harness.backbones.features import Embedder, FeatureStore
from harness.backbones.handle import Handle
from harness.backbones.lengths import share_too_long
from harness.check import answers, groups, items, labels, near, power
from harness.check.finding import ORDER, Finding
from harness.common.clock import Clock
from harness.common.computing import code_sha256
from harness.common.device import Device
from harness.common.files import sha256_json
from harness.common.kept import kept_folder
from harness.sources.cache import cache_folder
from harness.study.executor import BusyError, Say, Turn, alone, in_own_process
from harness.study.matched import matched
from harness.study.plan import Plan
from harness.study.server import start_server
from harness.suite import Budget
from harness.tasks.cut import cut_items
from harness.tasks.examples import Example
from harness.tasks.splits import Splits
from harness.tasks.spread import PartSpread, spreads
from harness.tasks.task import Task

FINDINGS = "findings.json"
YIELDING = 19
"""Of all niceness the most: beside a study that is timed, looking at texts takes what is left."""


@dataclass(frozen=True)
class Look:
    """What is looked at: the items that the suite's own budget gives, and by which models."""

    task: Task
    splits: Splits
    backbones: tuple[tuple[Handle, Budget], ...]
    features: Handle | None
    """What embeds the texts in the search for label errors; None where there is no encoder."""
    device: Device
    matters: float
    methods: int

    @property
    def key(self) -> str:
        """Names all that the findings depend on."""
        modules = (answers, groups, items, near, labels, power)
        code = [code_sha256(), *map(inspect.getsource, modules)]
        return sha256_json([
            self.task.sha256, self.splits.sha256, dataclasses.asdict(self.task.facts),
            self.matters,
            self.methods, [(h.sha256, b.max_length, b.max_words) for h, b in self.backbones],
            self.features and self.features.sha256, code])[:32]


def findings(plan: Plan, say: Say, turn: Turn = alone) -> tuple[Finding, ...]:
    """All that the checks find, errors first; kept in the cache.

    Only the search for label errors, which embeds texts, takes the device, by `turn`.
    """
    look = _look(plan)
    found = [*_kept(look, "texts", look_at_texts, nullcontext(), say)]
    if look.features is not None and look.task.labels:
        try:
            found += _kept(look, "labels", look_at_labels, turn(plan.device, say), say)
        except BusyError as busy:
            found.append(Finding(
                severity="note", check="labels", count=0, suggestion=busy.fix,
                found=f"label errors were not searched for: {busy.found}"))
    return tuple(sorted(found, key=lambda finding: ORDER.index(finding.severity)))


def _kept(look: Look, part: str, work: Callable[[Look, Say], tuple[Finding, ...]],
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


def look_at_labels(look: Look, say: Say) -> tuple[Finding, ...]:
    """Labels that the texts' vectors contradict. `look` has something to embed them by."""
    assert look.features is not None  # noqa: S101  (as the caller saw)
    say("checking: labels")
    train = look.splits.train
    embedder = Embedder(look.features, look.backbones[0][1].max_length, look.device)
    vectors = FeatureStore(cache_folder() / "features").features(
        embedder.featurizer("alike"), train, Clock(), "encode")
    return tuple(labels.check_labels(train, vectors, look.task.labels))


def look_at_texts(look: Look, say: Say) -> tuple[Finding, ...]:
    """All that needs no vectors, in a process that yields to a study that measures."""
    os.nice(YIELDING)
    return tuple(_of_texts(look, say))


def _of_texts(look: Look, say: Say) -> Iterator[Finding]:
    splits, train = look.splits, look.splits.train
    yield from items.check_rows(look.task)
    if look.task.labels:
        yield from items.check_classes(look.task, splits)
        yield from groups.check_groups(spreads(look.task.splits, splits, look.task.labels))
    if look.task.corpus is not None:
        yield from answers.check_answers(look.task.corpus, splits, look.task.wording)
    yield from items.check_columns((*train, *splits.validation, *splits.test))
    yield from items.check_leaks(look.task)
    yield from items.check_test(splits)
    say("checking: near-duplicates")
    yield from near.check_near(splits)
    say("checking: lengths")
    yield from items.check_lengths({
        handle.name: (share_too_long(handle, look.task, _read(train, budget), budget.max_length),
                      budget.max_length) for handle, budget in look.backbones})
    yield from power.check_power(splits, look.matters, look.methods)


def spreads_of(plan: Plan) -> tuple[PartSpread, ...]:
    """Groups by part and class, of all items and of those that the suite's budget draws."""
    return spreads(plan.task.splits, plan.sample(plan.loaded.suite.budget), plan.task.labels)


def power_findings(plan: Plan) -> tuple[Finding, ...]:
    """What the test items cannot tell, without a look at their texts."""
    look = _look(plan)
    return tuple(power.check_power(look.splits, look.matters, look.methods))


def _read(train: Sequence[Example], budget: Budget) -> Sequence[Example]:
    return train if budget.max_words is None else cut_items(train, budget.max_words)


def _look(plan: Plan) -> Look:
    suite = plan.loaded.suite
    # Of whole texts: two that differ behind the words that are read are no duplicates.
    whole = suite.budget_for(None).model_copy(update={"max_words": None})
    handles = tuple((handle, suite.budget_for(name)) for name, handle in plan.backbones.items())
    encoders = [handle for handle, _ in handles if handle.kind == "encoder"]
    methods = len({(run.identity.backbone, run.identity.label) for run in plan.runs
                   if matched(run.budget) == plan.parts[0]})
    return Look(plan.task, plan.sample(whole), handles,
                plan.embedder or next(iter(encoders), None), plan.device, suite.decide.matters,
                methods)

