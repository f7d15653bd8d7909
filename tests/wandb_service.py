"""A stand-in of the W&B service on loopback: it answers what `wandb-core` and `wandb.Api` ask while
runs are made, resumed and ended, and keeps what they are told."""

from __future__ import annotations

import gzip
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ENTITY = "team"


@dataclass
class Bucket:
    """A run as the service keeps it."""

    name: str
    begun: int = 0
    """How often it was begun or resumed."""
    fields: dict[str, Any] = field(default_factory=dict)
    """Display name, group, job type, program and host, as they were given."""
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    history: list[str] = field(default_factory=list)
    """Lines, each at its offset."""
    complete: bool = False

    def rows(self) -> list[dict[str, Any]]:
        """What was logged, by step."""
        return [json.loads(line) for line in self.history]


@dataclass
class Service:
    """What was sent, and how the service behaves."""

    address: str
    buckets: dict[str, Bucket] = field(default_factory=dict)
    views: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Reports and workspaces by id, as they were last saved."""
    uploads: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """Files by name, by the id of the run that they are of."""
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """Operations of GraphQL and paths, in their order."""
    bodies: list[bytes] = field(default_factory=list)
    """All that was sent."""
    pause: float = 0.0
    """Seconds before each answer."""
    evaluates: bool = False
    """Whether it has the evaluations' service, and what that was given, by path."""
    evaluated: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    broken: bool = False
    """Whether every answer is an error of the server's."""

    def by_name(self, name: str) -> Bucket:
        """The run that is shown by this name."""
        return next(b for b in self.buckets.values() if b.fields.get("displayName") == name)

    def of_type(self, job_type: str) -> list[Bucket]:
        """The runs of a type, in the order of their beginning."""
        return [b for b in self.buckets.values() if b.fields.get("jobType") == job_type]


def _project() -> dict[str, Any]:
    return {"id": "P", "internalId": "1", "name": "project", "entityName": ENTITY,
            "entity": {"id": "E", "name": ENTITY}}


def _viewer(service: Service, given: dict[str, Any]) -> dict[str, Any]:
    return {"viewer": {"id": "V", "entity": ENTITY, "username": "u", "email": "", "flags": "{}",
                       "name": "u", "admin": False, "deletedAt": None, "apiKeys": None,
                       "teams": {"edges": []}}}


def _resume(service: Service, given: dict[str, Any]) -> dict[str, Any]:
    kept = service.buckets.get(given["name"])
    bucket = kept and {
        "id": kept.name, "name": kept.name, "displayName": kept.fields.get("displayName"),
        "summaryMetrics": json.dumps(kept.summary), "config": json.dumps(kept.config),
        "logLineCount": 0, "historyLineCount": len(kept.history), "eventsLineCount": 0,
        "historyTail": json.dumps(kept.history[-1:]), "eventsTail": "[]", "tags": [],
        "notes": None, "wandbConfig": json.dumps({"t": {}})}
    return {"model": _project() | {"bucket": bucket}}


def _upsert(service: Service, given: dict[str, Any]) -> dict[str, Any]:
    name = given["name"]
    inserted = name not in service.buckets
    kept = service.buckets.setdefault(name, Bucket(name))
    if given.get("displayName"):
        kept.begun += 1
        kept.complete = False
    kept.fields |= {key: value for key, value in given.items()
                    if value is not None and key not in ("config", "summaryMetrics")}
    if given.get("config"):
        kept.config |= json.loads(given["config"])
    return {"upsertBucket": {"inserted": inserted, "bucket": {
        "id": name, "name": name, "displayName": kept.fields.get("displayName"),
        "description": "", "config": json.dumps(kept.config), "sweepName": None,
        "historyLineCount": len(kept.history), "project": _project()}}}


def _files(service: Service, given: dict[str, Any]) -> dict[str, Any]:
    return {"createRunFiles": {"runID": given["run"], "uploadHeaders": [], "files": [
        {"name": name, "uploadUrl": f"{service.address}/put/{given['run']}/{name}"}
        for name in given["files"]]}}


def _artifact(service: Service, given: dict[str, Any]) -> dict[str, Any]:
    service.artifacts.append(given["input"])
    return {"createArtifact": {"artifact": {
        "id": f"A{len(service.artifacts)}", "state": "PENDING",
        "artifactSequence": {"latestArtifact": None}}}}


def _artifact_files(service: Service, given: dict[str, Any]) -> dict[str, Any]:
    return {"createArtifactFiles": {"files": {"edges": [{"node": {
        "storagePath": None, "uploadUrl": f"{service.address}/put/artifacts/{one['name']}",
        "uploadHeaders": [], "uploadMultipartUrls": None,
        "artifact": {"id": one["artifactID"]}}} for one in given["input"]["artifactFiles"]]}}}


def _manifest(service: Service, given: dict[str, Any]) -> dict[str, Any]:
    kept = {"artifactManifest": {"id": "M", "file": {
        "id": "F", "uploadUrl": f"{service.address}/put/manifests/{len(service.asked)}",
        "uploadHeaders": []}}}
    return {"createArtifactManifest": kept, "updateArtifactManifest": kept}


def _view(service: Service, given: dict[str, Any]) -> dict[str, Any]:
    key = given.get("id") or f"view{len(service.views)}"
    service.views[key] = given
    return {"upsertView": {"inserted": given.get("id") is None, "view": {
        "id": key, "type": given.get("type"), "name": given.get("name"),
        "displayName": given.get("displayName"), "description": given.get("description"),
        "project": _project(), "spec": given["spec"], "updatedAt": None}}}


ANSWERS = {
    "Viewer": _viewer, "GetDefaultEntity": _viewer, "RunResumeStatus": _resume,
    "UpsertBucket": _upsert,
    "CreateRunFiles": _files, "CreateArtifact": _artifact, "CreateArtifactFiles": _artifact_files,
    "CreateArtifactManifest": _manifest, "UpdateArtifactManifest": _manifest,
    "upsertView": _view,
    "CommitArtifact": lambda service, given: {
        "commitArtifact": {"artifact": {"id": given["artifactID"], "digest": "d"}}},
    "ServerFeaturesQuery": lambda service, given: {"serverInfo": {"features": [
        {"name": "EVAL_TABLES_CES", "isEnabled": service.evaluates}]}},
    "ProjectInternalId": lambda service, given: {"project": _project()},
    "EvalTableProjectScope": lambda service, given: {"project": _project()},
    "GetProjects": lambda service, given: {"models": {
        "edges": [], "pageInfo": {"endCursor": None, "hasNextPage": False}}},
}
EVALUATION = {"attributes": {}, "dataset_id": "d", "evaluation_id": "e", "name": "predictions",
              "namespace": "wandb", "scope_ref": "1", "dataset_fields": [], "scorers": [],
              "case_ids": [], "score_ids": [], "dataset_version_id": "dv",
              "evaluation_version_id": "ev"}
NOTHING = {"project": None, "entity": None, "viewer": None}


class Handler(BaseHTTPRequestHandler):
    """What is asked of a service, by the server that it stands behind."""

    protocol_version = "HTTP/1.1"
    server: Loopback

    def do_POST(self) -> None:
        service, body, path = self.server.service, self._body(), self.path.split("?")[0]
        if path == "/graphql":
            asked = json.loads(body)
            name = re.search(r"(?:query|mutation) (\w+)", asked["query"])[1]
            with self.server.lock:
                service.asked.append(name)
                answer = ANSWERS.get(name, lambda *_: NOTHING)
                said = {"data": answer(service, asked.get("variables") or {})}
        elif path.startswith("/evaluations/"):
            with self.server.lock:
                service.evaluated.setdefault(path.rpartition("/")[2], []).append(
                    json.loads(body or b"{}"))
            said = EVALUATION
        else:
            said = {"exitcode": None, "limits": {}}
            with self.server.lock:
                service.asked.append(path)
                if path.endswith("/file_stream"):
                    _streamed(service.buckets[path.split("/")[-2]], json.loads(body))
        self._say(said)

    def do_PUT(self) -> None:
        service, body = self.server.service, self._body()
        _, _, run, name = self.path.split("/", 3)
        with self.server.lock:
            service.asked.append(self.path)
            service.uploads.setdefault(run, {})[name] = body
        self._say({})

    def _body(self) -> bytes:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        with self.server.lock:
            self.server.service.bodies += [body, str(self.headers).encode()]
        return body

    def _say(self, said: dict[str, Any]) -> None:
        service, content = self.server.service, json.dumps(said).encode()
        time.sleep(service.pause)
        try:
            self.send_response(500 if service.broken else 200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:  # whoever asked has left
            return

    def log_message(self, *words: object) -> None:
        pass


class Loopback(ThreadingHTTPServer):
    """The server that a service stands behind."""

    daemon_threads = True
    service: Service

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.service = Service(f"http://127.0.0.1:{self.server_address[1]}")

    def handle_error(self, *words: object) -> None:
        pass  # connections that a process left open when it ended


@contextmanager
def wandb_service() -> Iterator[Service]:
    """The service, listening until the block ends."""
    http = Loopback()
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05},
                     daemon=True).start()
    try:
        yield http.service
    finally:
        http.shutdown()
        http.server_close()


def _streamed(bucket: Bucket, sent: dict[str, Any]) -> None:
    """Keep what a piece of a run's stream says, each line at the offset that it is sent for."""
    for name, part in (sent.get("files") or {}).items():
        if name == "wandb-history.jsonl":
            start = part["offset"]
            bucket.history[start:start + len(part["content"])] = part["content"]
        elif name == "wandb-summary.json":
            bucket.summary = json.loads(part["content"][-1])
    if sent.get("complete"):
        bucket.complete = True
