"""Tokens of the very items of a plan, under each backbone's tokenizer and budget."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from transformers import PreTrainedTokenizerBase

from harness.backbones.encoding.encode import encode
from harness.backbones.handle import Handle
from harness.backbones.load import load_tokenizer
from harness.backbones.prompting.prompts import PromptWriter
from harness.backbones.prompting.writers import writer_for
from harness.methods.asking.shots import draw_shots
from harness.methods.prompting import FewShot
from harness.methods.rag import Rag
from harness.study.planning.plan import Plan, PlannedRun
from harness.tasks.examples import Example

FIRST_K, FIRST_SHOTS = 3, 1
"""Examples that retrieval and few-shot show in the first setting they try."""
SAMPLE = 512
"""Items of a split whose tokens are counted; a larger split is taken to be like these."""


@dataclass(frozen=True)
class Part:
    """Items of a split: the tokens of some, and how many there are for each of these."""

    lengths: tuple[int, ...]
    weight: float

    def tokens(self, more: int) -> float:
        """Of all items, each with so many more."""
        return self.weight * sum(length + more for length in self.lengths)


@dataclass(frozen=True)
class Lengths:
    """Tokens of a run's items. A decoder's have a shared head and answers of their own."""

    train: Part
    validation: Part
    test: Part
    seen: Part
    """Training items that are predicted, to see how much better they are known."""
    head: int = 0
    nodes: int = 0
    """Positions that all answer options take together, beside the prompt's end."""
    answer: int = 0
    """Positions of the longest right answer."""


def lengths_of(plan: Plan, run: PlannedRun, prompted: bool) -> Lengths:
    """The items of a run; `prompted` where a decoder answers the task's prompt.

    Raises CannotRunError for a tokenizer without an end token.
    """
    handle = plan.backbones[str(run.entry.backbone)]
    return (_prompted if prompted else _plain)(plan, run, handle)


def _plain(plan: Plan, run: PlannedRun, handle: Handle) -> Lengths:
    tokenizer = _tokenizer(handle)
    longest = min(run.budget.max_length, int(tokenizer.model_max_length))

    def part(examples: Sequence[Example]) -> Part:
        some = examples[:SAMPLE]
        encoded = encode(tokenizer, some, longest)
        return Part(tuple(len(item["input_ids"]) for item in encoded),
                    len(examples) / max(1, len(some)))

    return Lengths(*_parts(plan, run, part))


def _prompted(plan: Plan, run: PlannedRun, handle: Handle) -> Lengths:
    splits = plan.sample(run.budget)
    writer = writer_for(handle.kind, _tokenizer(handle), plan.task, run.budget.max_length)
    method, extra = run.entry.method, 0
    if isinstance(method, FewShot):
        shots = draw_shots(splits.train, FIRST_SHOTS, run.identity.seed)
        if method.embeds:
            extra = round(len(shots) * _mean_shot(writer, splits.train))
        else:
            writer = dataclasses.replace(writer, shown=tuple(shots))
    if isinstance(method, Rag):  # as many as fit its budget
        extra = round(min(float(method.options.tokens), FIRST_K * _mean_shot(writer, splits.train)))
    extra -= len(writer.head)

    def part(examples: Sequence[Example]) -> Part:
        some = examples[:SAMPLE]
        return Part(tuple(len(prompt) + extra for prompt in writer.prompts(some)),
                    len(examples) / max(1, len(some)))

    some = splits.train[:SAMPLE]
    nodes = max(len(found.answers.tokens) for found in writer.questions(some[:1]))
    answer = max(len(found.answers.tokens) for found in writer.right(some))
    return Lengths(*_parts(plan, run, part), head=len(writer.head), nodes=nodes, answer=answer)


def _mean_shot(writer: PromptWriter, examples: Sequence[Example]) -> float:
    """Tokens of a training example that is shown before an item."""
    shown = [len(writer.shots([example])) for example in examples[:SAMPLE]]
    return sum(shown) / max(1, len(shown))


def _parts(plan: Plan, run: PlannedRun, part: Callable[[Sequence[Example]], Part]
           ) -> tuple[Part, Part, Part, Part]:
    splits = plan.sample(run.budget)
    return (part(splits.train), part(splits.validation), part(splits.test),
            part(splits.train[:len(splits.validation)]))


@cache
def _tokenizer(handle: Handle) -> PreTrainedTokenizerBase:
    return load_tokenizer(handle)
