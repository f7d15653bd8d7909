"""A server of the OpenAI protocol on loopback, which answers, fails and dawdles as a test says."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True)
class Said:
    """A response: bytes, with a status and headers, sent in pieces with a pause before each."""

    content: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: int = 1
    pause: float = 0.0


@dataclass
class Server:
    """What was asked of it, and where it listens."""

    address: str
    asked: list[Body] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    most_at_once: int = 0
    under_way: int = 0


def completion(text: str | None, finish: str = "stop", read: int = 10, written: int = 2,
               **message: Any) -> Said:
    """A chat completion."""
    return Said(json.dumps({
        "object": "chat.completion", "choices": [
            {"index": 0, "finish_reason": finish,
             "message": {"role": "assistant", "content": text, **message}}],
        "usage": {"prompt_tokens": read, "completion_tokens": written}}).encode())


def streamed(text: str, size: int = 3, end: bool = True, **said: Any) -> Said:
    """The same in pieces of so many letters, as server-sent events; broken off without an `end`."""
    pieces = [text[start:start + size] for start in range(0, len(text), size)]
    chunks = [{"choices": [{"index": 0, "delta": {"role": "assistant"}, "finish_reason": None}]},
              *({"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]}
                for piece in pieces)]
    if end:
        chunks += [{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
                   {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 2}}]
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks] + ["data: [DONE]\n\n"] * end
    return Said("".join(lines).encode(), headers={"content-type": "text/event-stream"}, **said)


def with_logprobs(said: Said, tokens: list[tuple[str, dict[str, float]]]) -> Said:
    """A completion with its tokens, each with probabilities of what might have stood there."""
    whole = json.loads(said.content)
    whole["choices"][0]["logprobs"] = {"content": [
        {"token": token, "logprob": math.log(likely[token]),
         "top_logprobs": [{"token": other, "logprob": math.log(share)}
                          for other, share in likely.items()]} for token, likely in tokens]}
    return Said(json.dumps(whole).encode())


def question(body: Body) -> str:
    """The last thing that was said to it."""
    return str(body["messages"][-1]["content"])


@contextmanager
def serving(answer: Callable[[Body], Said]) -> Iterator[Server]:
    """A server that answers by a function of what it is asked."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with lock:
                server.asked.append(body)
                server.headers.append({k.lower(): v for k, v in self.headers.items()})
                server.under_way += 1
                server.most_at_once = max(server.most_at_once, server.under_way)
            said = answer(body)
            with lock:
                server.under_way -= 1
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(said.content)))
            self.end_headers()
            size = -(-len(said.content) // said.pieces) or 1
            for start in range(0, len(said.content), size):
                time.sleep(said.pause)
                try:
                    self.wfile.write(said.content[start:start + size])
                    self.wfile.flush()
                except OSError:  # the client has left
                    return

        def log_message(self, *words: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server = Server(f"http://127.0.0.1:{http.server_address[1]}/v1")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05},
                              daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
