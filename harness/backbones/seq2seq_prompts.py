"""Prompts for sequence-to-sequence models: the prompt is one text, its answer another."""

from __future__ import annotations

from dataclasses import dataclass

from harness.backbones.prompts import PromptWriter
from harness.backbones.yes_no import YesNoWriter
from harness.common.errors import CannotRunError
from harness.tasks.examples import Example


@dataclass(frozen=True)
class Seq2SeqWriter(PromptWriter):
    """Closes each prompt by the end token, as the encoder knows texts, and begins and ends an
    answer as the tokenizer does a text."""

    def tail(self, example: Example) -> list[int]:
        """Tokens of one item to the prompt's end."""
        return [*super().tail(example), self._end()]

    @property
    def _lead(self) -> str:
        return ""

    def _opened(self, text: str) -> list[int]:
        tokens = self._tokens(text)
        if not tokens:
            raise CannotRunError(f"the tokenizer makes nothing of the answer '{text}'")
        return [*self._start(), *tokens]


@dataclass(frozen=True)
class Seq2SeqYesNoWriter(Seq2SeqWriter, YesNoWriter):
    """Asks a sequence-to-sequence model of every class whether it applies."""
