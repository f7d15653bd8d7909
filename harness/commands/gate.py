"""May this model ship?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console

from harness.backbones.admission.folder import MAX_BYTES
from harness.commands.forget import base_handle
from harness.common.device import detect
from harness.common.errors import HarnessError
from harness.forgetting.names import check_suite
from harness.gate.approve import check_comparable
from harness.gate.attempts import (
    Book,
    answered_before,
    begin,
    coming,
    counts,
    end,
    log_beside,
    open_book,
    tried,
)
from harness.gate.baseline import read_baseline
from harness.gate.candidate import Context, find_candidate
from harness.gate.run import Approved, run_gate, uncounted
from harness.report.console import sayer
from harness.report.gate.changed_pictures import changed_pictures
from harness.report.gate.files import forget_gate, tell_github, write_gate
from harness.report.gate.gated import Gated
from harness.suite import Budget, Gate, LoadedSuite, find_suite, load_suite
from harness.tasks.task import load_task

READ = ("max_length", "max_words", "ends")
"""Of a budget: how much of an item a model from elsewhere reads."""


@dataclass(frozen=True)
class Asked:
    """What a user says of a candidate and where to look for it."""

    candidate: str
    suite: str
    profile: str | None
    suites: Path
    runs: Path
    base: str | None
    labels: Mapping[str, str] | Sequence[str]
    """A model's names of classes to the suite's; or words, MODEL=CLASS."""
    max_length: int | None


def gate(console: Console, asked: Asked, baselines: Path, baseline: Path | None, output: Path
         ) -> Gated:
    """Judge a candidate and write what was found; where attempts are counted, as one of them."""
    forget_gate(output)
    ground = _ground(asked, baselines, baseline)
    candidate, book = find_candidate(asked.candidate, ground.context), ground.book
    what = tried(candidate, ground.context, ground.policy)
    result = answered_before(book, what) if book else None
    if result is None:
        result = run_gate(ground.context, ground.policy, candidate, ground.approved,
                          sayer(console), begin=partial(begin, book, what) if book else uncounted)
        result = end(book, what, result) if book else result
    write_gate(result, output, changed_pictures(ground.context.task, result))
    return Gated(result, output, tuple(tell_github(result)))


def look(console: Console, asked: Asked, baselines: Path, baseline: Path | None) -> Gated:
    """What a candidate would be found to do, on the test items: nothing is written or counted.
    Raises HarnessError where counted attempts are judged by the test items themselves."""
    ground = _ground(asked, baselines, baseline)
    candidate, book = find_candidate(asked.candidate, ground.context), ground.book
    if book is not None and book.baseline.judging == "test":
        raise HarnessError(f"a look would be at the items that judge: {book.log.path} counts "
                           f"attempts, and suite {ground.context.loaded.suite.name} keeps no part "
                           "for the gate",
                           "Give it one (task: split: gate: 0.2), run it and approve again.")
    return Gated(run_gate(ground.context, ground.policy, candidate, ground.approved,
                          sayer(console), begin=partial(coming, book) if book else uncounted,
                          what_if=True), None)


@dataclass(frozen=True)
class _Ground:
    """What a candidate is judged on."""

    context: Context
    policy: Gate
    approved: Approved | None
    book: Book | None


def _ground(asked: Asked, baselines: Path, baseline: Path | None) -> _Ground:
    loaded = load_suite(find_suite(asked.suite, asked.suites), asked.profile)
    policy = loaded.suite.gate
    if policy is None:
        raise HarnessError(f"suite {loaded.suite.name} has no policy",
                           "Give it `gate:` with the rules that a candidate must keep.")
    check_suite(loaded)
    path = baseline or baselines / f"{loaded.suite.name}.json"
    approved = None
    counted = counts(policy, loaded.suite.task.split.gate is not None, log_beside(path))
    if policy.needs_baseline or counted or path.exists():
        approved = Approved(read_baseline(path), path)
    budget = loaded.suite.budget_for(None)
    if approved is not None:
        read = approved.baseline.record.identity.budget
        budget = budget.model_copy(update={name: read[name] for name in READ if name in read})
    context = make_context(asked, loaded, budget, policy.candidate_bytes_at_most)
    book = None
    if approved is not None:
        check_comparable(approved.baseline, loaded, context.task, path)
        book = open_book(path, approved.baseline, policy)
    return _Ground(context, policy, approved, book)


def make_context(asked: Asked, loaded: LoadedSuite, budget: Budget, most_bytes: int = MAX_BYTES
                 ) -> Context:
    """Where the candidate answers. A model from elsewhere reads the budget's words, and its
    `max_length` where the user names none."""
    base = base_handle(loaded, asked.base) if asked.base else None
    return Context(loaded, load_task(loaded), detect(), asked.runs,
                   asked.max_length or budget.max_length, budget.words, base,
                   _labels(asked.labels), most_bytes)


def _labels(given: Mapping[str, str] | Sequence[str]) -> Mapping[str, str]:
    if isinstance(given, Mapping):
        return given
    pairs = [word.partition("=") for word in given]
    for model, equals, label in pairs:
        if not (model and equals and label):
            raise HarnessError(f"--label {model}{equals}{label}: no MODEL=CLASS",
                               "Say for example --label LABEL_0=Permissive.")
    return {model: label for model, _, label in pairs}
