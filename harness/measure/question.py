"""The question that a model was asked: its prompt and answers, as they were put to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from harness.common.files import sha256_json
from harness.measure.part import RecordPart

if TYPE_CHECKING:
    from harness.backbones.prompting.prompts import PromptWriter
    from harness.methods.asking.put import Prompted, Put

SHA256 = r"^[0-9a-f]{64}$"


class Asked(RecordPart):
    """One test item's question. What a method may add to it are worked examples, and what it
    retrieved for the item."""

    item: str
    prompt_sha256: str = Field(pattern=SHA256)
    """Over the letters of the prompt's tokens, without what was added. White space is left out:
    tokenizers spell it one way in a text and another beside it."""
    whole_sha256: str = Field(pattern=SHA256)
    """Over all of the prompt's tokens."""
    options_sha256: str | None = Field(None, pattern=SHA256)
    """Over the tokens of every answer that is scored; None where it is written in words."""
    tokens: int
    """Of the whole prompt."""
    added: int
    """Tokens of what was added, by itself."""


def asked_of(fitted: Prompted, item: str) -> Asked:
    """What was put to the model for an item that was the first of a call of `predict`. Raises
    KeyError for any other."""
    put, writer = fitted.put[item], fitted.writer
    options = [put.answers.paths, list(put.answers.given)]
    added, = writer.reader.tokens([[*writer.worked(writer.shown), *put.retrieved]])
    return Asked(
        item=item, prompt_sha256=sha256_json(_own_letters(put, writer, added)),
        whole_sha256=sha256_json(list(put.prompt)),
        options_sha256=sha256_json(options) if put.answers.steps else None,
        tokens=len(put.prompt), added=len(added))


def _own_letters(put: Put, writer: PromptWriter, added: Sequence[int]) -> str:
    """Of a prompt without what was added, which stands behind the instruction. It is taken through
    the tokenizer, too: that may respell words."""
    instruction, = writer.reader.tokens([[writer.frame.opening, writer.instruction]])
    letters, cut = _letters(writer, put.prompt), _letters(writer, added)
    place = letters.find(cut, len(_letters(writer, instruction)))
    return letters if place < 0 else letters[:place] + letters[place + len(cut):]


def _letters(writer: PromptWriter, tokens: Sequence[int]) -> str:
    text = writer.tokenizer.decode(list(tokens), skip_special_tokens=False,
                                   clean_up_tokenization_spaces=False)
    return "".join(str(text).split())
