"""A stand-in for the Hugging Face hub: the routes that looking up and downloading use."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "c" * 40
NAME = r"(?P<name>[^/]+/[^/]+)"
ROUTE = re.compile(rf"/api/(?P<kind>models|datasets)/{NAME}/(revision|tree)/(?P<rev>[^/]+)")
FILE = re.compile(rf"/(?P<kind>datasets/)?{NAME}/resolve/(?P<rev>[^/]+)/(?P<file>.+)")
Answer = tuple[int, bytes, dict[str, str]]


@dataclass(frozen=True)
class Repo:
    """A repository at one commit, or how the hub refuses it: status and error code."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    refusal: tuple[int, str] | None = None


@contextmanager
def hub(repos: Mapping[str, Repo]) -> Iterator[str]:
    """The address of a hub with `datasets/ORG/NAME` and `models/ORG/NAME`."""

    class StandIn(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(body=True)

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def answer(self, body: bool) -> None:
            status, data, headers = answer(repos, self.path.split("?")[0].replace("%2F", "/"))
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(data))}).items():
                self.send_header(name, value)
            self.end_headers()
            if body:
                self.wfile.write(data)

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def answer(repos: Mapping[str, Repo], path: str) -> Answer:
    """Status, body and headers."""
    api, file = ROUTE.match(path), FILE.match(path)
    found = api or file
    kind = ((found["kind"] if found else None) or "models").rstrip("/")
    repo = repos.get(f"{kind}/{found['name']}") if found else None
    if found is None or repo is None:
        return refusal(404, "RepoNotFound")
    if repo.refusal:
        return refusal(*repo.refusal)
    if found["rev"] not in ("main", COMMIT):
        return refusal(404, "RevisionNotFound")
    if api:
        return 200, json.dumps(listing(api, repo)).encode(), {}
    if file["file"] not in repo.files:
        return refusal(404, "EntryNotFound")
    return 200, repo.files[file["file"]], {"ETag": f'"{hash(file["file"])}"',
                                           "X-Repo-Commit": COMMIT}


def refusal(status: int, code: str) -> Answer:
    return status, b"{}", {"X-Error-Code": code}


def listing(asked: re.Match[str], repo: Repo) -> object:
    """What the hub says of a revision, or of its tree."""
    if asked[3] == "tree":
        return [{"type": "file", "path": name, "size": len(data), "oid": "0" * 40}
                for name, data in repo.files.items()]
    return {"id": asked["name"], "sha": COMMIT,
            "siblings": [{"rfilename": name} for name in repo.files]}
