import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness.common.cache import cache_folder
from harness.common.errors import HarnessError
from harness.sources.fetch import fetch
from harness.suite import FileSource, HubSource

COMMIT = "a" * 40
FILES = {"config.json": b'{"model_type": "bert"}', "model.safetensors": b"weights",
         "chat_template.jinja": b"{{ messages }}", "pytorch_model.bin": b"pickle",
         "modeling.py": b"import os"}


class StandIn(BaseHTTPRequestHandler):
    """The few hub routes that a snapshot download uses, for one small repository."""

    asked: list[str]

    def do_GET(self):
        self.answer(body=True)

    def do_HEAD(self):
        self.answer(body=False)

    def answer(self, body):
        path = self.path.split("?")[0]
        self.asked.append(path)
        if path.startswith("/api/models/some/model/revision/"):
            if path.rsplit("/", 1)[1] not in ("main", COMMIT):
                return self.send(404, b"{}", {"X-Error-Code": "RevisionNotFound"}, body)
            info = {"id": "some/model", "sha": COMMIT,
                    "siblings": [{"rfilename": name} for name in FILES]}
            return self.send(200, json.dumps(info).encode(), {}, body)
        if path.startswith(f"/api/models/some/model/tree/{COMMIT}"):
            tree = [{"type": "file", "path": name, "size": len(data), "oid": "0" * 40}
                    for name, data in FILES.items()]
            return self.send(200, json.dumps(tree).encode(), {}, body)
        if path.startswith(f"/some/model/resolve/{COMMIT}/"):
            data = FILES[path.rsplit("/", 1)[1]]
            headers = {"ETag": f'"{len(data)}-{path[-5:]}"', "X-Repo-Commit": COMMIT}
            return self.send(200, data, headers, body)
        return self.send(404, b"{}", {"X-Error-Code": "RepoNotFound"}, body)

    def send(self, status, data, headers, body):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data)),
                            "Content-Type": "application/json"}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, *args):
        pass


@pytest.fixture
def hub(tmp_path, monkeypatch):
    StandIn.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    yield server
    server.shutdown()
    server.server_close()


def test_a_snapshot_has_no_pickle_and_no_code_and_is_fetched_once(hub, tmp_path):
    fetched = fetch(HubSource(hub="some/model"), tmp_path)
    assert {p.name for p in fetched.path.iterdir()} == {"config.json", "model.safetensors",
                                                        "chat_template.jinja"}
    assert (fetched.path / "model.safetensors").read_bytes() == b"weights"
    assert fetched.origin == "some/model@main"
    asked = len(StandIn.asked)
    assert fetch(HubSource(hub="some/model"), tmp_path) == fetched
    assert len(StandIn.asked) == asked


def test_a_damaged_snapshot_is_fetched_again_and_without_a_network_refused(hub, tmp_path,
                                                                           monkeypatch, caplog):
    source = HubSource(hub="some/model")
    fetched = fetch(source, tmp_path)
    weights = fetched.path / "model.safetensors"
    weights.write_bytes(b"weighty")
    assert fetch(source, tmp_path) == fetched
    assert weights.read_bytes() == b"weights"
    assert "is damaged: made again" in caplog.text
    hub.shutdown()
    hub.server_close()
    assert fetch(source, tmp_path) == fetched, "what is whole needs no network"
    weights.write_bytes(b"weighty")
    for _ in range(2):
        with pytest.raises(HarnessError, match="cannot be fetched"):
            fetch(source, tmp_path)


def test_a_download_that_was_cut_short_is_no_snapshot(hub, tmp_path, monkeypatch):
    def cut_short(*words, local_dir, **options):
        (local_dir / "config.json").write_text("{}")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("huggingface_hub.snapshot_download", cut_short)
        with pytest.raises(KeyboardInterrupt):
            fetch(HubSource(hub="some/model"), tmp_path)
    fetched = fetch(HubSource(hub="some/model"), tmp_path)
    assert (fetched.path / "model.safetensors").read_bytes() == b"weights"


def test_a_missing_revision_and_a_missing_repository_are_named(hub, tmp_path):
    with pytest.raises(HarnessError, match="no such revision"):
        fetch(HubSource(hub="some/model", revision="v9"), tmp_path)
    with pytest.raises(HarnessError, match="not on the hub, or private"):
        fetch(HubSource(hub="other/model"), tmp_path)


def test_an_unreachable_hub_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    with pytest.raises(HarnessError, match="cannot be fetched") as error:
        fetch(HubSource(hub="some/model"), tmp_path)
    assert len(str(error.value).splitlines()) == 2


def test_a_local_file_and_folder_have_content_hashes(tmp_path):
    (tmp_path / "data.csv").write_text("a")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "x").write_text("a")
    first = fetch(FileSource(file="data.csv"), tmp_path)
    (tmp_path / "data.csv").write_text("b")
    assert fetch(FileSource(file="data.csv"), tmp_path).sha256 != first.sha256
    assert fetch(FileSource(file="folder"), tmp_path).path == tmp_path / "folder"
    with pytest.raises(HarnessError, match="no such file") as error:
        fetch(FileSource(file="dat.csv"), tmp_path)
    assert error.value.fix == "Did you mean 'data.csv'?"


def test_a_cache_that_cannot_be_made_is_said(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(HarnessError, match="cannot make the cache folder"):
        cache_folder()
