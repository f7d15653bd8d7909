"""How long the prompts of planned runs are at most, counted by the backbones' tokenizers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from transformers import PreTrainedTokenizerBase

from harness.backbones.handle import Handle
from harness.backbones.load import load_tokenizer
from harness.backbones.prompting.prompts import PromptWriter, own_texts
from harness.backbones.prompting.texts import spelled
from harness.backbones.prompting.writers import writer_for
from harness.backbones.window import window_of
from harness.common.capabilities import ASKED
from harness.common.errors import CannotRunError
from harness.methods.asking.shown import Asking, Shown
from harness.study.planning.windows import Misfit
from harness.targets.kinds import KINDS
from harness.tasks.examples import Example, Item

if TYPE_CHECKING:
    from harness.study.planning.plan import Plan, PlannedRun

LONGEST = 16
"""Items with the longest texts of their own, whose prompts are counted."""
SPARE = 32
"""Tokens by which a text within a prompt may be longer than alone: below that nothing is counted.
"""


def unfit(plan: Plan, runs: Iterable[PlannedRun]) -> Iterator[Misfit]:
    """The runs whose prompts do not fit. One whose prompts cannot be written at all is none: it
    says so itself."""
    for run in plan.here(runs):
        if run.identity.kind in ASKED and run.identity.family != "features":
            try:
                misfit = _misfit(plan, run)
            except CannotRunError:
                continue
            if misfit is not None:
                yield misfit


def _misfit(plan: Plan, run: PlannedRun) -> Misfit | None:
    handle = plan.backbones[str(run.entry.backbone)]
    tokenizer = _tokenizer(handle)
    window = _window(handle) - _virtual_tokens(plan, run)
    writer = writer_for(handle.kind, tokenizer, plan.task, run.budget.max_length)
    splits = plan.sample(run.budget, run.identity.draw)
    shown = run.entry.method.shows(Asking(
        writer, tuple(splits.train), plan.task.corpus, plan.task.kind, run.budget.trials,
        run.identity.seed, run.identity.inner is not None))
    full = replace(writer, shown=shown.shots)
    answer = _answer(plan, writer, (*splits.train, *splits.validation))
    apart = handle.answers_apart

    def fits(prompt: int) -> bool:
        return max(prompt, answer) <= window if apart else prompt + answer <= window

    frame = _most(full, [writer.item("")])
    if fits(frame + run.budget.max_length + SPARE + shown.retrieved):
        return None
    items = _longest(tokenizer, (*splits.train, *splits.validation, *splits.test))
    prompt = _most(full, items) + shown.retrieved
    if fits(prompt):
        return None
    return Misfit(name=run.identity.name, backbone=handle.name, prompt=prompt, answer=answer,
                  window=window, parts=_parts(plan, writer, shown, frame, prompt, answer))


def _parts(plan: Plan, writer: PromptWriter, shown: Shown, frame: int, prompt: int, answer: int
           ) -> dict[str, int]:
    """Tokens of each part, by the names of their remedies; an instruction's list of the options is
    theirs."""
    bare, listed = _most(writer, [writer.item("")]), 0
    if "{options}" in writer.prompt.instruction:
        listed = len(writer.reader.tokens([[", ".join(writer.options)]])[0])
    said = "options" if KINDS[plan.task.kind].classes else "answers"
    parts = Counter({"instruction": bare - listed, said: answer + listed,
                     "text": prompt - frame - shown.retrieved, "shots": frame - bare})
    parts[shown.found] += shown.retrieved
    return parts


def _answer(plan: Plan, writer: PromptWriter, examples: Sequence[Example]) -> int:
    """Tokens that the longest answer takes."""
    if KINDS[plan.task.kind].classes:
        return max(one.answers.longest for one in writer.questions([writer.item("")]))
    longest = sorted(examples, key=lambda e: len(writer.right_words(e)))[-LONGEST:]
    return max(plan.task.answer_tokens,
               *(one.answers.longest for one in writer.right(longest)))


def _longest(tokenizer: PreTrainedTokenizerBase, items: Sequence[Item]) -> list[Item]:
    sizes = [sum(map(len, spelled(tokenizer, own_texts(item)))) for item in items]
    order = sorted(range(len(items)), key=sizes.__getitem__)[-LONGEST:]
    return [items[i] for i in order]


def _most(writer: PromptWriter, items: Sequence[Item]) -> int:
    return max(map(len, writer.prompts(items)))


def _virtual_tokens(plan: Plan, run: PlannedRun) -> int:
    """Of its own method and the one underneath."""
    under = [other.entry.method for other in plan.runs if other.run_id == run.identity.inner]
    return sum(method.virtual_tokens for method in (run.entry.method, *under))


@cache
def _tokenizer(handle: Handle) -> PreTrainedTokenizerBase:
    return load_tokenizer(handle)


@cache
def _window(handle: Handle) -> int:
    return window_of(handle, _tokenizer(handle))
