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


class Place(BaseModel):
    """A token of an answer, with the likeliest that might have stood there; logarithms in nats."""

    model_config = ConfigDict(frozen=True)

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


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
    first: float | None = None
    """From the request to the first piece of the answer; None where it came as a whole."""
    places: tuple[Place, ...] = ()
    """Its tokens, where the server was asked how likely they are and says so."""


class _Said(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Likely(BaseModel):
    token: str
    logprob: float


class _Token(_Likely):
    top_logprobs: list[_Likely] | None = None


class Tokens(BaseModel):
    """What a server says of the tokens that it wrote."""

    content: list[_Token] | None = None


class _Choice(BaseModel):
    message: _Said
    finish_reason: str | None = None
    logprobs: Tokens | None = None


class Usage(BaseModel):
    """A server's count of tokens."""

    prompt_tokens: int | None = Field(None, ge=0)
    completion_tokens: int | None = Field(None, ge=0)


class _Completion(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    usage: Usage | None = None


def read_reply(body: bytes, seconds: float) -> Reply:
    """The first choice of a chat completion.

    Raises NoAnswerError for what is not one, and SpentError for one that ends before anything is
    said: that is no empty answer.
    """
    try:
        found = _Completion.model_validate_json(body)
    except ValidationError:
        raise NoAnswerError(f"answered what is no chat completion: {shown(body)}") from None
    choice = found.choices[0]
    return made_reply(choice.message.content or "", choice.finish_reason, found.usage,
                      places_of(choice.logprobs), seconds)


def made_reply(text: str, finish: str | None, usage: Usage | None, places: tuple[Place, ...],
               seconds: float, first: float | None = None) -> Reply:
    """What was said. Raises SpentError as `read_reply`."""
    if not text.strip() and finish == "length":
        raise SpentError("spent all tokens of an answer before it said anything: raise "
                         "`max_tokens` under `request`")
    counts = usage or Usage()
    return Reply(text=text, read=counts.prompt_tokens, written=counts.completion_tokens,
                 seconds=seconds, first=first, places=places)


def places_of(said: Tokens | None) -> tuple[Place, ...]:
    """The tokens of an answer, or of a piece of one; none where the server says nothing of them."""
    return tuple(Place(token=one.token, logprob=one.logprob,
                       top=tuple((other.token, other.logprob) for other in one.top_logprobs or ()))
                 for one in (said.content or () if said else ()))


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
