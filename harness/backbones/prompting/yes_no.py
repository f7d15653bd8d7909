"""Prompts for tasks with several classes an item: each class is a question of its own.

From the end of one prompt hang, for every class, the question ` class:`, and from each of them the
answers ` yes` and ` no`, closed by the end token. One pass scores them all, and none sees another.
What counts is p(yes) in p(yes) + p(no) after the question; the question's own tokens are given, in
scoring and in learning, so that a rare or long name of a class costs nothing. (Asking for a list of
the right classes would make an answer out of every subset, of which there are too many to score, or
hang a class's answer on the order of those before it.)
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.backbones.prompting.prompts import PromptWriter
from harness.backbones.prompting.questions import Answer
from harness.tasks.examples import Example

YES, NO = " yes", " no"


@dataclass(frozen=True)
class YesNoWriter(PromptWriter):
    """Asks of every class whether it applies. A worked example answers all of them in a line."""

    def answers(self) -> list[Answer]:
        """Either answer to each class's question, yes before no, [2 x classes]."""
        return [Answer(word, f"{self.lead}{option}:") for option in self.options
                for word in (YES, NO)]

    def right_numbers(self, example: Example) -> list[int]:
        return [2 * number + (number not in example.every_class)
                for number in range(len(self.options))]

    def right_words(self, example: Example) -> str:
        return ", ".join(f"{option}:{YES if number in example.every_class else NO}"
                         for number, option in enumerate(self.options))
