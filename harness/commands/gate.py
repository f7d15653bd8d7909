"""May this model ship?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from harness.backbones.admission.folder import MAX_BYTES
from harness.commands.forget import base_handle
from harness.common.device import detect
from harness.common.errors import HarnessError
from harness.forgetting.names import check_suite
from harness.gate.approve import check_comparable
from harness.gate.baseline import read_baseline
from harness.gate.candidate import Context, find_candidate
from harness.gate.run import Approved, run_gate
from harness.report.console import sayer
from harness.report.gate.files import forget_gate, tell_github, write_gate
from harness.report.gate.gated import Gated
from harness.suite import Budget, LoadedSuite, find_suite, load_suite
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
    """Judge a candidate and write what was found."""
    loaded = load_suite(find_suite(asked.suite, asked.suites), asked.profile)
    policy = loaded.suite.gate
    if policy is None:
        raise HarnessError(f"suite {loaded.suite.name} has no policy",
                           "Give it `gate:` with the rules that a candidate must keep.")
    check_suite(loaded)
    forget_gate(output)
    path = baseline or baselines / f"{loaded.suite.name}.json"
    approved = None
    if policy.needs_baseline or path.exists():
        approved = Approved(read_baseline(path), path)
    budget = loaded.suite.budget_for(None)
    if approved is not None:
        read = approved.baseline.record.identity.budget
        budget = budget.model_copy(update={name: read[name] for name in READ if name in read})
    context = make_context(asked, loaded, budget, policy.candidate_bytes_at_most)
    if approved is not None:
        check_comparable(approved.baseline, loaded, context.task, path)
    candidate = find_candidate(asked.candidate, context)
    result = run_gate(context, policy, candidate, approved, sayer(console))
    write_gate(result, output)
    return Gated(result, output, tuple(tell_github(result)))


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
