"""Prompts where an item may have any number of classes: each class is a question of its own.

Behind one prompt hang the questions `option:`, and from each of them the answers ` yes` and ` no`,
closed by the end token. One pass scores them all, and none sees another. What counts is p(yes) in
p(yes) + p(no) after the question; the question's own tokens are given, in scoring and in learning,
so that a rare or long name of a class costs nothing. (Asking for a list of the right classes would
make an answer out of every subset, of which there are too many to score, or hang a class's answer
on the order of those before it.)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.backbones.options import OptionTree, option_tree
from harness.backbones.prompts import PromptWriter
from harness.common.errors import CannotRunError
from harness.tasks.examples import Example

YES, NO = " yes", " no"


@dataclass(frozen=True)
class YesNoWriter(PromptWriter):
    """Asks of every class whether it applies. A worked example answers all of them in a line."""

    def answers(self) -> list[list[int]]:
        """Tokens of each class's question with either answer, yes before no, [2 x classes].

        Raises CannotRunError when the tokenizer has no end token or two answers are the same.
        """
        ends = [[*self._tokens(word), self._end()] for word in (YES, NO)]
        answers = [[*question, *end] for question in self._questions for end in ends]
        if len({tuple(answer) for answer in answers}) < len(answers):
            raise CannotRunError("two answers are the same to the tokenizer")
        return answers

    def tree(self) -> OptionTree:
        return self._answered(self._answers, 2)

    def right_tree(self, example: Example) -> OptionTree:
        right = [self._answers[2 * number + (number not in example.every_class)]
                 for number in range(len(self.options))]
        return self._answered(right, 1)

    @cached_property
    def _questions(self) -> list[list[int]]:
        return [self._opened(f"{self._lead}{option}:") for option in self.options]

    @cached_property
    def _answers(self) -> list[list[int]]:
        return self.answers()

    def _answered(self, answers: Sequence[Sequence[int]], each: int) -> OptionTree:
        """The tree of `each` answers a class, without the steps that are its question: those are
        not the model's to say."""
        tree = option_tree(answers)
        asked = [len(question) for question in self._questions for _ in range(each)]
        return dataclasses.replace(
            tree, steps=[steps[n:] for steps, n in zip(tree.steps, asked, strict=True)])

    def _right(self, example: Example) -> str:
        return ", ".join(f"{option}:{YES if number in example.every_class else NO}"
                         for number, option in enumerate(self.options))
