"""What a method may know of a task: everything but its items and what was found in its data."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.common.kinds import AnswerLines, Input
from harness.suite import AnswerReading, Kind, Prompt
from harness.tasks.corpus import Corpus
from harness.tasks.wording import WORDINGS, Wording


@dataclass(frozen=True)
class TaskView:
    """A task without its splits."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    options: tuple[str, ...]
    """The answer a decoder gives for each class, in the order of `labels`."""
    prompt: Prompt
    corpus: Corpus | None = None
    answer_tokens: int = 0
    """The longest answer in words; none where there are classes."""
    answers: AnswerReading = "unicode"
    """How answers in words are read before they are compared."""
    answer_lines: AnswerLines = "one"
    """What is read of an answer in words."""
    input: Input = "text"
    """What an item is."""
    refusal: str | None = None
    """How an answer says that there is none; None where every question has one."""

    @property
    def wording(self) -> Wording:
        """What reads answers in words."""
        return replace(WORDINGS[self.answers], refusal=self.refusal)
