"""What a model that answers a prompt was asked, as it was put to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from harness.backbones.prompting.options import OptionTree
from harness.backbones.prompting.prompts import PromptWriter
from harness.backbones.prompting.texts import Parts


@dataclass(frozen=True)
class Put:
    """One item's prompt, with the answers that were scored or chosen among behind it."""

    letters: str
    """Without white space, and without worked examples and what was retrieved for the item."""
    whole: Sequence[Any]
    """All of it: tokens, or turns of a conversation."""
    answers: Sequence[Any] | None
    """None where the answer is written in words."""
    tokens: int
    """Of the whole prompt."""
    added: int
    """Tokens of worked examples and of what was retrieved, by themselves."""


class Prompted(Protocol):
    """A fitted method that answers a prompt."""

    def put_to(self, item: str) -> Put:
        """What was asked of an item that was the first of a call of `predict`. Raises KeyError for
        any other."""


def put_in_tokens(writer: PromptWriter, prompt: Sequence[int], answers: OptionTree,
                  retrieved: Parts) -> Put:
    """Of a prompt that was put as tokens."""
    added, = writer.reader.tokens([[*writer.worked(writer.shown), *retrieved]])
    scored = [answers.paths, list(answers.given)] if answers.steps else None
    return Put(_own_letters(writer, prompt, added), list(prompt), scored, len(prompt), len(added))


def _own_letters(writer: PromptWriter, prompt: Sequence[int], added: Sequence[int]) -> str:
    """Of a prompt without what was added, which stands behind the instruction. It is taken through
    the tokenizer, too: that may respell words."""
    instruction, = writer.reader.tokens([[writer.frame.opening, writer.instruction]])
    letters, cut = _letters(writer, prompt), _letters(writer, added)
    place = letters.find(cut, len(_letters(writer, instruction)))
    return letters if place < 0 else letters[:place] + letters[place + len(cut):]


def _letters(writer: PromptWriter, tokens: Sequence[int]) -> str:
    text = writer.tokenizer.decode(list(tokens), skip_special_tokens=False,
                                   clean_up_tokenization_spaces=False)
    return "".join(str(text).split())
