"""Prompts and answers that a backbone's window does not hold, known before anything runs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from harness.check.finding import Finding
from harness.common.cache import cache_folder
from harness.common.files import sha256_json
from harness.common.kept import kept_folder
from harness.common.provenance import ITEMS, provenance
from harness.measure.part import RecordPart

if TYPE_CHECKING:
    from harness.study.planning.plan import Plan, PlannedRun

MISFITS = "misfits.json"
REMEDIES = {
    "instruction": "Shorten `prompt: instruction` (or its item), or name a backbone with a longer "
                   "window.",
    "options": "Shorten the task's `options`, or name a backbone with a longer window.",
    "answers": "Lower `answer_tokens`, leave long references out, or name a backbone with a longer "
               "window.",
    "shots": "Lower `budget: max_length` or `trials` (each shows more examples), or leave few-shot "
             "out.",
    "passages": "Lower the `tokens` of rag.",
    "text": "Lower `budget: max_length`.",
}
"""What to shorten, by the part that is longest."""


class Misfit(RecordPart):
    """A method whose longest prompt and answer are longer than its backbone's window, in tokens."""

    name: str
    backbone: str
    prompt: int
    answer: int
    window: int
    parts: dict[str, int]
    """Of which the prompt and its answer are made up, each at its longest."""

    @property
    def longest(self) -> str:
        """The part that takes most."""
        return max(self.parts, key=lambda part: self.parts[part])

    @property
    def found(self) -> str:
        """For people."""
        named = "an answer" if "answers" in self.parts else "an option"
        return (f"{self.name}: a prompt of {self.prompt} tokens and {named} of {self.answer} are "
                f"longer than the model's window of {self.window}: most is the {self.longest}, "
                f"{self.parts[self.longest]} tokens")


def check_windows(plan: Plan, runs: Iterable[PlannedRun]) -> None:
    """Raise HarnessError for the first run whose prompts do not fit."""
    for misfit in misfits(plan, runs):
        raise plan.loaded.error(("backbones", misfit.backbone), misfit.found,
                                REMEDIES[misfit.longest])


def window_findings(plan: Plan) -> tuple[Finding, ...]:
    """An error for each method of the plan whose prompts do not fit."""
    by_method = {misfit.name: misfit for misfit in misfits(plan, plan.runs)}
    return tuple(Finding(severity="error", check="window", found=misfit.found, count=1,
                         suggestion=REMEDIES[misfit.longest]) for misfit in by_method.values())


def misfits(plan: Plan, runs: Iterable[PlannedRun]) -> tuple[Misfit, ...]:
    """Of the runs whose prompts do not fit; kept in the cache by all that determines the runs,
    and by the code that counts."""
    some = tuple(runs)
    made = provenance("harness.study.planning.prompt_lengths", known=ITEMS)
    key = sha256_json([made.key, [run.run_id for run in some]])[:32]
    folder = cache_folder() / "windows" / key

    def make(into: Path) -> None:
        from harness.study.planning.prompt_lengths import unfit  # seconds of imports

        found = [misfit.model_dump(mode="json") for misfit in unfit(plan, some)]
        (into / MISFITS).write_text(json.dumps(found), encoding="utf-8")

    kept_folder(folder, make)
    return tuple(Misfit.model_validate(misfit) for misfit in
                 json.loads((folder / MISFITS).read_text(encoding="utf-8")))
