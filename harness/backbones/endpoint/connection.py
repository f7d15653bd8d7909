"""Requests to an endpoint: some at a time, tried again where that may help, each answer kept."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx2
from pydantic import ValidationError

from harness.backbones.endpoint.endpoint import Endpoint, key_of
from harness.backbones.endpoint.reply import (
    NoAnswerError,
    Reply,
    SpentError,
    said_why,
)
from harness.backbones.endpoint.streamed import Stream
from harness.common.errors import CannotRunError
from harness.common.files import sha256_json, write_atomic

logger = logging.getLogger(__name__)
Body = Mapping[str, Any]
AGAIN = (408, 409, 425, 429, 500, 502, 503, 504)
TRIES = 6
FIRST_WAIT, MOST_WAIT = 0.5, 60.0
"""Seconds before a second try, doubled with each; and the longest that a server may ask for."""
MOST_BYTES = 4 * 2**20
"""Of an answer."""


class _TryAgainError(Exception):
    """A failure that may pass; `after` is the server's own word on when, in seconds."""

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


@dataclass
class Connection:
    """One client for all requests of a fitted method; threads share it."""

    endpoint: Endpoint
    kept: Path | None
    """Where answers are kept, by the hash of what was sent; None to send every time."""
    _pace: _Pace = field(init=False)

    def __post_init__(self) -> None:
        self._pace = _Pace(self.endpoint.said.per_minute)

    def ask(self, bodies: Sequence[Body]) -> list[Reply]:
        """The answer to each request, in their order.

        Raises CannotRunError with the reason where one stays unanswered, as soon as one does; what
        was answered till then is kept. Raises HarnessError without the key, unless all is kept.
        """
        given_up = threading.Event()

        def one(body: Body) -> Reply | None:
            if given_up.is_set():
                return None
            try:
                return self._answer(body, given_up)
            except Exception:
                given_up.set()
                raise

        if not all(map(self.is_kept, bodies)):
            _ = self._client  # made once, before threads share it
        with ThreadPoolExecutor(min(self.endpoint.said.at_once, max(1, len(bodies)))) as pool:
            try:
                replies = list(pool.map(one, bodies))
            except BaseException:  # being stopped, too: what waits for its turn is not sent
                given_up.set()
                raise
        return [reply for reply in replies if reply is not None]

    def is_kept(self, body: Body) -> bool:
        """Whether it was answered before."""
        path = self._path(body)
        return path is not None and path.is_file()

    def _path(self, body: Body) -> Path | None:
        if self.kept is None:
            return None
        name = sha256_json([self.endpoint.said.endpoint, body])
        return self.kept / name[:2] / f"{name}.json"

    def _answer(self, body: Body, given_up: threading.Event) -> Reply:
        path = self._path(body)
        if path is not None and path.is_file():
            try:
                return Reply.model_validate_json(path.read_bytes())
            except (ValidationError, OSError):
                logger.warning("%s is damaged: asked again", path)
        reply = self._sent(body, given_up)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, reply.model_dump_json())
        return reply

    def _sent(self, body: Body, given_up: threading.Event) -> Reply:
        """Raises CannotRunError."""
        for tried in range(1, TRIES + 1):
            self._pace.wait()
            try:
                return self._once(body)
            except _TryAgainError as error:
                wait = waiting(tried, error.after)
                if tried == TRIES or wait > MOST_WAIT:
                    raise self._failed(f"{error}, after {tried} "
                                       f"{'try' if tried == 1 else 'tries'}") from None
                if given_up.wait(wait):
                    raise self._failed(str(error)) from None
        raise AssertionError("the last try ends")

    def _once(self, body: Body) -> Reply:
        start = time.monotonic()
        try:
            with self._client.stream("POST", self._address, json=body) as response:
                stream = self._stream(response, start)
                content = bytes(stream.content)
                status, headers = response.status_code, response.headers
        except httpx2.TimeoutException:
            raise _TryAgainError(self._late) from None
        except httpx2.RequestError as error:
            raise _TryAgainError(f"could not be reached: {type(error).__name__}") from None
        except NoAnswerError as error:
            raise _TryAgainError(str(error)) from None
        if status in AGAIN:
            raise _TryAgainError(f"answered HTTP {status}: {said_why(content)}",
                                 seconds_asked(headers.get("retry-after")))
        if 300 <= status < 400:
            raise self._failed(f"answered HTTP {status}: it sends elsewhere, and no redirect is "
                               "followed; name the address itself")
        if status != 200:
            raise self._failed(f"answered HTTP {status}: {said_why(content)}")
        try:
            return stream.reply(time.monotonic() - start)
        except NoAnswerError as error:
            raise _TryAgainError(str(error)) from None
        except SpentError as error:
            raise self._failed(str(error)) from None

    def _stream(self, response: httpx2.Response, start: float) -> Stream:
        """All that is sent, within the time that a whole answer has: a server that sends a byte now
        and then never ends by itself. Raises NoAnswerError."""
        stream = Stream(start)
        for piece in response.iter_bytes():
            stream.take(piece)
            if len(stream.content) > MOST_BYTES:
                raise self._failed(f"sends more than {MOST_BYTES:,} bytes for one answer")
            if time.monotonic() - start > self.endpoint.said.timeout_seconds:
                raise _TryAgainError(self._late)
        return stream

    @property
    def _late(self) -> str:
        return f"gave no whole answer within {self.endpoint.said.timeout_seconds:g} s"

    def _failed(self, why: str) -> CannotRunError:
        return CannotRunError(f"{self.endpoint.origin} {why}")

    @property
    def _address(self) -> str:
        return f"{self.endpoint.said.endpoint}/chat/completions"

    @cached_property
    def _client(self) -> httpx2.Client:
        said = self.endpoint.said
        key = key_of(said)
        return httpx2.Client(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=said.timeout_seconds, follow_redirects=False,
            limits=httpx2.Limits(max_connections=said.at_once))


class _Pace:
    """Lets requests begin no faster than so many a minute, evenly."""

    def __init__(self, per_minute: int | None) -> None:
        self._apart = 60.0 / per_minute if per_minute else 0.0
        self._next, self._lock = 0.0, threading.Lock()

    def wait(self) -> None:
        """Until this request may begin."""
        with self._lock:
            begins = max(time.monotonic(), self._next)
            self._next = begins + self._apart
        time.sleep(max(0.0, begins - time.monotonic()))


def waiting(tried: int, asked: float | None) -> float:
    """Seconds until the next try: as the server asks, or longer each time and by chance, so that
    requests that failed together do not come together again."""
    if asked is not None:
        return asked
    return float(min(MOST_WAIT, FIRST_WAIT * 2.0 ** (tried - 1)) * random.uniform(0.5, 1.0))


def seconds_asked(header: str | None) -> float | None:
    """What a `Retry-After` header says, in seconds; None for a date, or for nothing."""
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:
        return None
