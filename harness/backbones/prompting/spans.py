"""Prompts for tasks that are answered with spans of the text: what is right is written out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.backbones.prompting.prompts import PromptWriter
from harness.backbones.prompting.questions import Question
from harness.backbones.prompting.seq2seq_prompts import Seq2SeqWriter
from harness.backbones.prompting.texts import Parts, Quoted
from harness.targets.span_words import written
from harness.targets.spans import NOTHING
from harness.tasks.examples import Example


@dataclass(frozen=True)
class SpansWriter(PromptWriter):
    """Asks for the spans of each class in words. The options are the classes' names."""

    def right(self, examples: Sequence[Example], before: Sequence[Parts] | None = None
              ) -> list[Question]:
        return self.in_words(examples, before)

    def right_words(self, example: Example) -> str:
        return Quoted(written(example.spans or NOTHING, example.text, self.options))


@dataclass(frozen=True)
class Seq2SeqSpansWriter(Seq2SeqWriter, SpansWriter):
    """Asks a sequence-to-sequence model for them."""
