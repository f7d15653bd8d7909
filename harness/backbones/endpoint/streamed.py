"""An answer that is sent piece by piece, as server-sent events: all it says, and when it began.

Events are lines `data: CHUNK`, the last one `data: [DONE]`; the count of tokens comes with a chunk
that says nothing (platform.openai.com/docs/api-reference/chat-streaming).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from pydantic import BaseModel, ValidationError

from harness.backbones.endpoint.reply import (
    NoAnswerError,
    Place,
    Reply,
    Tokens,
    Usage,
    made_reply,
    places_of,
    read_reply,
    shown,
)

END = b"[DONE]"


class _Delta(BaseModel):
    content: str | None = None


class _Piece(BaseModel):
    delta: _Delta = _Delta()
    finish_reason: str | None = None
    logprobs: Tokens | None = None


class _Chunk(BaseModel):
    choices: list[_Piece]
    usage: Usage | None = None


@dataclass
class Stream:
    """What has come of an answer so far."""

    start: float
    """When it was asked for, by `time.monotonic`."""
    content: bytearray = field(default_factory=bytearray)
    first: float | None = None
    """Seconds until the first piece that says something."""
    _said: list[str] = field(default_factory=list)
    _places: list[Place] = field(default_factory=list)
    _usage: Usage | None = None
    _finish: str | None = None
    _read: int = 0
    """Bytes of whole lines that were read."""
    _ended: bool = False

    def take(self, piece: bytes) -> None:
        """The next bytes. Raises NoAnswerError for an event that is no piece of an answer."""
        self.content += piece
        end = self.content.rfind(b"\n") + 1
        for line in bytes(self.content[self._read:end]).splitlines():
            if line.startswith(b"data:"):
                self._event(line.removeprefix(b"data:").strip())
        self._read = max(self._read, end)

    def _event(self, data: bytes) -> None:
        if data == END:
            self._ended = True
            return
        try:
            chunk = _Chunk.model_validate_json(data)
        except ValidationError:
            raise NoAnswerError(f"sent what is no piece of an answer: {shown(data)}") from None
        self._usage = chunk.usage or self._usage
        for piece in chunk.choices[:1]:
            if piece.delta.content and self.first is None:
                self.first = time.monotonic() - self.start
            self._said.append(piece.delta.content or "")
            self._places.extend(places_of(piece.logprobs))
            self._finish = piece.finish_reason or self._finish

    def reply(self, seconds: float) -> Reply:
        """All of it; of a server that does not stream, the answer that it sent as a whole.

        Raises NoAnswerError for one that broke off, and as `read_reply`.
        """
        if not self._said and not self._ended:
            return read_reply(bytes(self.content), seconds)
        if self._finish is None:
            raise NoAnswerError("broke off in the middle of an answer")
        return made_reply("".join(self._said), self._finish, self._usage, tuple(self._places),
                          seconds, self.first)
