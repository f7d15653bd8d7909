"""Prompts for sequence-to-sequence models: the prompt is one text, its answer another."""

from __future__ import annotations

from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from harness.backbones.prompts import PromptWriter, prompt_writer
from harness.common.errors import CannotRunError
from harness.suite import BackboneKind, Prompt
from harness.tasks.examples import Example


@dataclass(frozen=True)
class Seq2SeqWriter(PromptWriter):
    """Closes each prompt by the end token, as the encoder knows texts, and begins and ends an
    answer as the tokenizer does a text."""

    def tail(self, example: Example) -> list[int]:
        """Tokens of one item to the prompt's end."""
        return [*super().tail(example), self._end()]

    def _closed(self, answer: str) -> list[int]:
        tokens = self._tokens(answer)
        if not tokens:
            raise CannotRunError(f"the tokenizer makes nothing of the answer '{answer}'")
        return [*self._start(), *tokens, self._end()]


def writer_for(kind: BackboneKind, tokenizer: PreTrainedTokenizerBase, prompt: Prompt,
               options: tuple[str, ...], max_length: int) -> PromptWriter:
    """The writer of a kind of backbone that answers prompts."""
    writer = prompt_writer(tokenizer, prompt, options, max_length)
    return Seq2SeqWriter(**vars(writer)) if kind == "seq2seq" else writer
