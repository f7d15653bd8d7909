"""The question that a model was asked: its prompt and answers, as they were put to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from harness.common.files import sha256_json
from harness.measure.part import RecordPart

if TYPE_CHECKING:
    from harness.methods.asking.put import Prompted

SHA256 = r"^[0-9a-f]{64}$"


class Asked(RecordPart):
    """One test item's question. What a method may add to it are worked examples, and what it
    retrieved for the item."""

    item: str
    prompt_sha256: str = Field(pattern=SHA256)
    """Over the letters of the prompt's tokens, without what was added. White space is left out:
    tokenizers spell it one way in a text and another beside it."""
    whole_sha256: str = Field(pattern=SHA256)
    """Over all of the prompt's tokens; over the turns of a conversation with an endpoint."""
    options_sha256: str | None = Field(None, pattern=SHA256)
    """Over the tokens of every answer that is scored, or the words of those that are chosen from;
    None where it is written in words."""
    tokens: int
    """Of the whole prompt."""
    added: int
    """Tokens of what was added, by itself."""


def asked_of(fitted: Prompted, item: str) -> Asked:
    """What was put to the model for an item that was the first of a call of `predict`. Raises
    KeyError for any other."""
    put = fitted.put_to(item)
    return Asked(
        item=item, prompt_sha256=sha256_json(put.letters), whole_sha256=sha256_json(put.whole),
        options_sha256=None if put.answers is None else sha256_json(put.answers),
        tokens=put.tokens, added=put.added)
