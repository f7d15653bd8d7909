"""Prompts for sequence-to-sequence models: the prompt is one text, its answer another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.backbones.prompting.prompts import PromptWriter, start_of
from harness.backbones.prompting.questions import Answer, Question, endings, question
from harness.backbones.prompting.texts import Parts
from harness.backbones.prompting.yes_no import YesNoWriter
from harness.tasks.examples import Item


@dataclass(frozen=True)
class Seq2SeqWriter(PromptWriter):
    """Closes each prompt by the end token, as the encoder knows texts, and begins and ends an
    answer as the tokenizer does a text."""

    def prompts(self, items: Sequence[Item], before: Sequence[Parts] | None = None
                ) -> list[list[int]]:
        return [[*ids, self.end] for ids in super().prompts(items, before)]

    def answered(self, items: Sequence[Item], answers: Sequence[list[Answer]],
                 before: Sequence[Parts] | None = None) -> list[Question]:
        read = self.reader.with_endings([()] * len(items), list(map(endings, answers)))
        start = start_of(self.tokenizer)
        return [Question(prompt, question(ended, said, self.end, start).answers)
                for prompt, ended, said in
                zip(self.prompts(items, before), read, answers, strict=True)]

    @property
    def lead(self) -> str:
        return ""


@dataclass(frozen=True)
class Seq2SeqYesNoWriter(Seq2SeqWriter, YesNoWriter):
    """Asks a sequence-to-sequence model of every class whether it applies."""
