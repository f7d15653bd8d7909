"""Answers of an endpoint, some at a time against one by one: `python -m benchmarks.endpoint`.

The server is one of ours on loopback, which takes as long over each answer as it is told: what is
timed is how requests are sent, and not a model.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness.backbones.endpoint.chat import body
from harness.backbones.endpoint.connection import Connection
from harness.backbones.endpoint.endpoint import Endpoint
from harness.suite.endpoint import EndpointFields


@contextmanager
def slow_server(seconds: float) -> Iterator[str]:
    """The address of a server that takes so long over every answer, however many it is asked."""

    class Slow(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 2**16  # head and body in one write: the second would wait for a receipt

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            time.sleep(seconds)
            said = json.dumps({"choices": [{"message": {
                "content": asked["messages"][-1]["content"][::-1]}}]}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *words: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    http.daemon_threads = True
    threading.Thread(target=http.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{http.server_address[1]}/v1"
    finally:
        http.shutdown()
        http.server_close()


def timed(address: str, at_once: int, items: int) -> tuple[float, list[str]]:
    """Seconds for so many items, and their answers."""
    endpoint = Endpoint("e", EndpointFields(endpoint=address, model="m", at_once=at_once))
    asked = [body(endpoint, [{"role": "user", "content": f"item {i}"}], 32) for i in range(items)]
    start = time.perf_counter()
    replies = Connection(endpoint, None).ask(asked)
    return time.perf_counter() - start, [reply.text for reply in replies]


def main() -> None:
    """Print seconds, and how many times as fast together is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=300)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--milliseconds", type=float, nargs="*", default=[20.0, 100.0, 500.0])
    said = parser.parse_args()
    for milliseconds in said.milliseconds:
        with slow_server(milliseconds / 1000) as address:
            alone, one = timed(address, 1, said.items)
            together, other = timed(address, said.at_once, said.items)
        print(f"{said.items} items of {milliseconds:g} ms: one by one {alone:.1f} s, "
              f"{said.at_once} at once {together:.1f} s, {alone / together:.1f} times as fast, "
              f"{'the same answers' if one == other else 'OTHER ANSWERS'}")


if __name__ == "__main__":
    main()
