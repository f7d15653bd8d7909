"""The approved model on the day's items, beside what it said when it was approved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.common.capabilities import INPUTS
from harness.common.clock import Clock
from harness.gate.answered import Answered, answered_by
from harness.gate.baseline import Baseline, as_judged
from harness.methods.fitted import Answering
from harness.processes.own import Say
from harness.study.kept import SavedRun
from harness.suite import Budget, LoadedSuite, Watch
from harness.targets.kinds import KINDS
from harness.tasks.examples import asked
from harness.tasks.task import Task
from harness.watch.by_input import BY_INPUT
from harness.watch.compared import Both
from harness.watch.day import Day
from harness.watch.said import said_of
from harness.watch.sides import sides

AGAIN = 32
"""Of the approved run's items, that the model answers again: does it still answer so?"""


@dataclass(frozen=True)
class Watched:
    """What a day is watched with."""

    loaded: LoadedSuite
    task: Task
    baseline: Baseline
    model: SavedRun
    separator: str | None = None
    """Between the values of a label cell that may hold several."""

    @property
    def policy(self) -> Watch:
        """The suite's, or the defaults."""
        return self.loaded.suite.watch or Watch()


@dataclass(frozen=True)
class Measured:
    """Both sides, and what must be known of them."""

    both: Both
    vectors: str
    """What made vectors of the items."""
    approved: Answered
    changed: int
    """Of the approved items that were answered again, those with another answer."""

    @property
    def right(self) -> float | None:
        """The approved run's share right, by its items' weights."""
        right = self.both.right
        if right is None:
            return None
        return float(np.average(right, weights=self.both.sides.weights[: len(right)]))


def measure(watched: Watched, day: Day, say: Say) -> Measured:
    """Raises HarnessError where the model or the embedder cannot be loaded."""
    task, baseline, run = watched.task, watched.baseline, watched.model.assignment
    kind, examples = KINDS[task.kind], baseline.examples(task, "test")
    before = asked(examples)
    model = watched.model.load()
    compares, kinds = BY_INPUT[task.input], INPUTS[task.input].items
    say(f"answering {len(day.items)} {kinds}")
    said = model.predict(day.items, Clock())
    changed = _changed(model, watched)
    say(f"reading {kinds} as vectors")
    vectors, made_by = compares.vectors(watched.loaded, run, before, day.items)
    read = Budget.model_validate(baseline.record.identity.budget).words
    then = baseline.said("test")
    approved = answered_by(task, as_judged(examples, kind, read), then, False, None)
    both = Both(
        task.input,
        sides([example.cluster for example in examples], day.groups, baseline.weights), vectors,
        compares.traits(run, [*before, *day.items], watched.policy),
        said_of(task, then), said_of(task, said),
        approved.answers.run(0).right if kind.right is not None else None)
    return Measured(both, made_by, approved, changed)


def _changed(model: Answering, watched: Watched) -> int:
    """How many of the first approved items are answered otherwise by the model as it is here."""
    items = asked(watched.baseline.examples(watched.task, "test")[:AGAIN])
    was, now = (said_of(watched.task, found).columns
                for found in (watched.baseline.said("test")[:AGAIN], model.predict(items, Clock())))
    return int((~np.isclose(was, now, rtol=1e-3, atol=1e-3)).any(axis=1).sum())
