"""What a method may see: of the task no splits, of what it answers nothing that is right."""

import dataclasses
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from harness.commands.asked_rows import AskedRow
from harness.commands.predict import _tables, item_of
from harness.common.clock import Clock
from harness.gate.run import _answered
from harness.methods.fitted import Fit
from harness.methods.learning.trials import held_out
from harness.methods.majority import ClassShares
from harness.study.assignment import make_job
from harness.study.planning.plan import make_plan
from harness.study.run import assign, latency_round
from harness.study.store import Store
from harness.study.work import carry_out
from harness.suite import Budget
from harness.tasks.examples import Example, Item
from harness.tasks.view import TaskView

ROOT = Path(__file__).parents[2]
TARGETS = [part.name for part in dataclasses.fields(Example) if part.name not in
           {known.name for known in dataclasses.fields(Item)}]


@pytest.fixture
def plan(loaded, device):
    return make_plan(loaded, device)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "runs")


@pytest.fixture
def assignment(plan, store):
    return assign(plan, store, next(r for r in plan.runs if r.identity.label == "majority"))


class Spy:
    """Notes what kinds of items it is asked, and gives every class the same."""

    def __init__(self, classes):
        self.classes, self.seen = classes, set()

    def predict(self, items, clock):
        self.seen |= set(map(type, items))
        return np.full((len(items), self.classes), 1 / self.classes)


def test_the_task_of_a_job_has_no_items(assignment):
    job = make_job(assignment, print)
    assert type(job.task) is TaskView
    assert job.task.labels == assignment.task.labels
    for hidden in ("splits", "facts", "sha256"):
        with pytest.raises(AttributeError):
            getattr(job.task, hidden)


@pytest.mark.parametrize("target", TARGETS)
def test_a_run_fails_whose_method_looks_at_what_is_right(assignment, monkeypatch, target):
    said = ClassShares.predict

    def peeks(self, items, clock):
        getattr(items[0], target)
        return said(self, items, clock)

    monkeypatch.setattr(ClassShares, "predict", peeks)
    record = carry_out(assignment, lambda text: None)
    assert record.status.state == "failed"
    assert record.status.reason == f"AttributeError: 'Item' object has no attribute '{target}'"


def test_whoever_asks_a_model_hides_what_is_right(plan, store, assignment):
    labels, examples = plan.task.labels, plan.task.splits.test
    spies = [Spy(len(labels)) for _ in range(3)]
    held_out(Fit(spies[0]), make_job(assignment, print), Clock())
    suite = SimpleNamespace(budget_for=lambda backbone: Budget(test=5))
    context = SimpleNamespace(task=plan.task, loaded=SimpleNamespace(suite=suite), words=None)
    subject = SimpleNamespace(name="a", learned=None)
    answered = _answered(context, subject, spies[1], None, "test", print)
    assert answered.examples == tuple(examples[:5])
    list(_tables(spies[2], [AskedRow(item_of("a text"))], plan.task, []))
    assert [spy.seen for spy in spies] == [{Item}] * 3
    carry_out(assignment, lambda text: None)
    assert set(map(type, latency_round(plan, store).items)) == {Item}


@pytest.mark.slow
def test_the_type_checker_refuses_a_method_that_looks(tmp_path):
    method = tmp_path / "method.py"
    method.write_text("\n".join([
        "from collections.abc import Sequence",
        "from harness.methods.job import Job",
        "from harness.tasks.examples import Item",
        "def fit(job: Job) -> object:",
        "    return job.task.splits",
        "def predict(items: Sequence[Item]) -> list[object]:",
        "    return [*(item.label for item in items), *(item.references for item in items)]",
        "def fine(job: Job, items: Sequence[Item]) -> list[str]:",
        "    return [*job.task.labels, *(item.text for item in items)]"]))
    # Not by the cache of `make lint`, which other programs may be writing.
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", "--cache-dir", str(tmp_path / "cache"),
         str(method)], cwd=ROOT, capture_output=True, text=True)
    own = [line for line in done.stdout.splitlines()
           if line.startswith(str(method)) and "error: " in line]
    assert own, done.stdout + done.stderr
    assert [line.split("error: ")[1] for line in own] == [
        '"TaskView" has no attribute "splits"  [attr-defined]',
        '"Item" has no attribute "label"  [attr-defined]',
        '"Item" has no attribute "references"  [attr-defined]']
