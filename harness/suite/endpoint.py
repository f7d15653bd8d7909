"""A model behind an endpoint: where it answers, how it is asked, and what that costs."""

from __future__ import annotations

import os
import re
from ipaddress import ip_address
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from harness.common.kinds import BackboneKind
from harness.suite.part import Part

Answers = Literal["schema", "object", "text"]
"""How answers by class are given: as JSON that the server holds to a schema, as the protocol has it
(`json_schema`) or as llama-cpp-python's server does (`json_object` with a schema); or as free text.
"""
PLAIN = r"[A-Za-z0-9][A-Za-z0-9._-]*"
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
OURS = ("model", "messages", "response_format", "stream", "stream_options", "n", "logprobs",
        "top_logprobs")
"""Fields of a request that a suite cannot set: they are what is asked."""


class TokenPrices(Part):
    """Money for a million tokens, in the study's currency."""

    read: float = Field(ge=0)
    """Of prompts."""
    written: float = Field(ge=0)
    """Of answers."""


class EndpointFields(Part):
    """What a suite says of an endpoint that speaks the OpenAI protocol."""

    kind: ClassVar[BackboneKind] = "endpoint"
    used_as: ClassVar[BackboneKind] = "endpoint"
    endpoint: str
    """The address below which `chat/completions` lies, such as `https://api.example.org/v1`."""
    model: str = Field(min_length=1)
    """What the server calls the model."""
    serve: str | None = None
    """A backbone of the suite whose weights transformers' own server answers with at this address,
    while a study runs."""
    key_from: Annotated[str, Field(pattern=VARIABLE)] | None = None
    """The environment variable that holds the key. The key itself is written nowhere."""
    answers: Answers = "schema"
    request: dict[str, Any] = Field({})
    """Further fields of every request, such as `reasoning_effort`; `null` leaves one out that would
    be sent."""
    top_logprobs: int | None = Field(None, ge=1, le=20)
    """Likeliest tokens that the server is asked for at each place of an answer by class, with their
    log-probabilities: with them runs have probabilities. None where it is not asked."""
    stream: bool = False
    """Whether answers are sent piece by piece, so that the time to the first is known."""
    at_once: int = Field(8, ge=1, le=256)
    """Requests under way at the same time."""
    per_minute: int | None = Field(None, ge=1)
    """Requests that are begun in a minute, at the most."""
    timeout_seconds: float = Field(60.0, gt=0, le=3600)
    """For a whole answer."""
    prices: TokenPrices | None = None
    """None where an answer's price is not known, and no bill is made."""

    @field_validator("endpoint")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            parts.port  # noqa: B018  raises for one that is no number
        except ValueError:
            raise ValueError("is no address") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an address that begins with https:// or http://")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("must hold neither a key nor a user, '?' or '#'; name the key's "
                             "environment variable with `key_from`")
        return value.rstrip("/")

    @field_validator("request")
    @classmethod
    def _leaves_the_question(cls, value: dict[str, Any]) -> dict[str, Any]:
        taken = sorted(set(value) & set(OURS))
        if taken:
            raise ValueError(f"{', '.join(taken)}: is not for a suite to set")
        return value

    @model_validator(mode="after")
    def _keeps_its_key(self) -> EndpointFields:
        if self.key_from and not self.endpoint.startswith("https:") and not self.on_this_machine:
            raise ValueError("key_from: a key is not sent to another machine by http; use https")
        return self

    @model_validator(mode="after")
    def _serves_here(self) -> EndpointFields:
        if self.serve is None:
            return self
        if not self.on_this_machine or not self.endpoint.startswith("http:"):
            raise ValueError("serve: a server is started on this machine alone; name an address "
                             "such as http://127.0.0.1:8765/v1")
        if not re.fullmatch(PLAIN, self.model):
            raise ValueError("model: of a server that is started here is one word of letters, "
                             "figures, `-`, `_` and `.`")
        return self

    @property
    def host(self) -> str:
        """Where it lies."""
        return urlsplit(self.endpoint).hostname or ""

    @property
    def on_this_machine(self) -> bool:
        """Whether the address is a loopback's."""
        try:
            return self.host == "localhost" or ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def key(self) -> str | None:
        """What the environment holds now; None where it holds none, or none is asked for."""
        return os.environ.get(self.key_from) or None if self.key_from else None
