"""How well instructions are followed, before and after tuning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np

from harness.common.errors import HarnessError
from harness.forgetting.change import Change, change_in_groups, change_of
from harness.forgetting.items import Followed
from harness.measure.part import RecordPart

ByPrompt = list[list[bool]]
"""Of each prompt whether each of its instructions was followed."""


class Following(RecordPart):
    """Shares in 0 to 1 of prompts, or of instructions, that are followed (Zhou et al.,
    Instruction-Following Evaluation for Large Language Models, 2023).

    A prompt is followed where all of its instructions are; loosely where each is in one of eight
    versions of the answer. Intervals are over prompts: instructions of one answer stand and fall
    together.
    """

    prompts: int
    instructions: int
    prompts_strict: Change
    prompts_loose: Change
    instructions_strict: Change
    instructions_loose: Change


def following(before: Sequence[Followed], after: Sequence[Followed]) -> Following | None:
    """None where no instructions were given. Raises HarnessError where they differ."""
    if [(f.item, f.instruction) for f in before] != [(f.item, f.instruction) for f in after]:
        raise HarnessError("the two models were not given the same instructions",
                           "Measure both with the same harness and the same suite.")
    if not before:
        return None
    strict, loose = ((_by_prompt(before, judged), _by_prompt(after, judged))
                     for judged in (lambda f: f.strict, lambda f: f.loose))
    return Following(
        prompts=len(strict[0]), instructions=len(before), prompts_strict=_of_prompts(*strict),
        prompts_loose=_of_prompts(*loose), instructions_strict=_of_instructions(*strict),
        instructions_loose=_of_instructions(*loose))


def _of_prompts(before: ByPrompt, after: ByPrompt) -> Change:
    was, became = (np.array([[all(prompt)] for prompt in side], float)
                   for side in (before, after))
    return change_of(was, became)


def _of_instructions(before: ByPrompt, after: ByPrompt) -> Change:
    was, became = ([float(sum(prompt)) for prompt in side] for side in (before, after))
    return change_in_groups(was, became, [float(len(prompt)) for prompt in before])


def _by_prompt(rows: Sequence[Followed], judged: Callable[[Followed], bool]) -> ByPrompt:
    return [[judged(row) for row in alike] for _, alike in groupby(rows, lambda row: row.item)]
