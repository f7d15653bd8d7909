"""What a server answered: read strictly, for what is not understood is no answer."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

SHOWN = 120
"""Characters of a reply that an error shows."""


class NoAnswerError(Exception):
    """What came back is not an answer of the protocol."""


class SpentError(Exception):
    """The model ran out of tokens before it said anything. Asked again it would, too."""


class Reply(BaseModel):
    """An answer, and what it took."""

    model_config = ConfigDict(frozen=True)

    text: str
    """Empty where the model declined."""
    read: int | None = None
    """Tokens of the prompt, by the server's count; None where it does not say."""
    written: int | None = None
    """Tokens of the answer, those of thoughts that are not shown among them."""
    seconds: float = 0.0
    """From the request to the last byte, of the attempt that was answered."""


class _Said(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Said
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: int | None = Field(None, ge=0)
    completion_tokens: int | None = Field(None, ge=0)


class _Completion(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


def read_reply(body: bytes, seconds: float) -> Reply:
    """The first choice of a chat completion.

    Raises NoAnswerError for what is not one, and SpentError for one that ends before anything is
    said: that is no empty answer.
    """
    try:
        found = _Completion.model_validate_json(body)
    except ValidationError:
        raise NoAnswerError(f"answered what is no chat completion: {shown(body)}") from None
    choice, usage = found.choices[0], found.usage or _Usage()
    text = choice.message.content or ""
    if not text.strip() and choice.finish_reason == "length":
        raise SpentError("spent all tokens of an answer before it said anything: raise "
                         "`max_tokens` under `request`")
    return Reply(text=text, read=usage.prompt_tokens, written=usage.completion_tokens,
                 seconds=seconds)


def said_why(body: bytes) -> str:
    """A server's own words about what is wrong, as far as it has any."""
    try:
        found: Any = json.loads(body)
    except ValueError:
        return shown(body)
    error = found.get("error", found.get("detail")) if isinstance(found, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    return shown(str(message).encode()) if message else shown(body)


def shown(body: bytes) -> str:
    """The beginning of what came back, on one line, without what a terminal would obey."""
    text = " ".join(body[:4 * SHOWN].decode("utf-8", "replace").split())
    text = "".join(letter for letter in text if letter.isprintable())
    return f"'{text[:SHOWN]}…'" if len(text) > SHOWN else f"'{text}'"
