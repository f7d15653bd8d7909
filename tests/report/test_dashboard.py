"""What W&B is given, read back from its offline files with its own messages."""

import getpass
import json
import socket
import struct
import sys
from pathlib import Path

import pytest
from synthetic import drawn_study
from wandb.proto import wandb_internal_pb2

from harness.report.dashboard import log_study, summary_of
from harness.report.published import publish
from harness.study.store import Store

HEADER, BLOCK = 7, 32768


def messages(path):
    """The records of a .wandb file: a LevelDB log of protocol buffers."""
    data, place, whole, found = path.read_bytes(), HEADER, b"", []
    while place + 7 <= len(data):
        if BLOCK - place % BLOCK < 7:
            place += BLOCK - place % BLOCK
            continue
        _, size, kind = struct.unpack("<IHB", data[place:place + 7])
        whole += data[place + 7:place + 7 + size]
        place += 7 + size
        if kind in (1, 4):
            found.append(wandb_internal_pb2.Record.FromString(whole))
            whole = b""
    return found


NAMED, SEEN = "ward-7/patient-12.png", "data:image/webp;base64,UklGRiQAAABXRUJQ"


@pytest.fixture
def logged(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("MY_SECRET_TOKEN", "hunter2-do-not-send")
    monkeypatch.setattr(sys, "argv", ["harness", "run", "--password=swordfish"])
    study, tables = drawn_study({"good": 3.0, "weak": 1.0}, items=40)
    store = Store(tmp_path / "runs")
    store.folder.mkdir()
    monkeypatch.setattr(store, "predictions", tables.__getitem__)
    items = next(iter(tables.values()))["item"].to_pylist()
    published = publish(study, tables.__getitem__, dict.fromkeys(items, NAMED),
                        lambda items: dict.fromkeys(items, SEEN))
    count, mode = log_study(published, store, artifacts=False)
    assert mode == "offline"
    return published, store, count, {
        str(path): messages(path) for path in (store.folder / "wandb").rglob("*.wandb")}


def parts(records, kind):
    return [getattr(r, kind) for r in records if r.WhichOneof("record_type") == kind]


def test_each_run_and_the_study_are_there_and_sent_once(logged):
    published, store, count, files = logged
    assert count == len(published.study.records) + 1 == len(files)
    assert log_study(published, store, artifacts=False) == (0, "nothing is new")
    runs = [parts(records, "run")[0] for records in files.values()]
    assert {run.project for run in runs} == {"synthetic"}
    assert {run.job_type for run in runs} == {"majority", "good", "weak", "study"}
    assert len({run.run_group for run in runs}) == 1


def test_figures_are_the_record_s(logged):
    published, _, _, files = logged
    by_name = {parts(records, "run")[0].display_name: records for records in files.values()}
    for record in published.study.records:
        on = " (b)" if record.identity.backbone else ""
        name = f"{record.identity.label}{on}, 64 examples, seed {record.identity.seed}"
        summary = {update.key or "/".join(update.nested_key): json.loads(update.value_json)
                   for part in parts(by_name[name], "summary") for update in part.update}
        for key, value in summary_of(record).items():
            assert summary[key] == pytest.approx(value) if isinstance(value, float) else (
                summary[key] == value)
        losses = [json.loads(item.value_json) for part in parts(by_name[name], "history")
                  for item in part.item
                  if (item.key or "/".join(item.nested_key)) == "train/loss"]
        assert losses == [point.train_loss for point in record.curve]


def test_the_study_holds_the_verdict_and_the_tables(logged):
    published, store, _, files = logged
    records = next(r for r in files.values() if parts(r, "run")[0].job_type == "study")
    summary = {update.key: json.loads(update.value_json)
               for part in parts(records, "summary") for update in part.update if update.key}
    assert summary["verdict"] == "Use good (b): " + summary["verdict"].split(": ", 1)[1]
    tables = list((store.folder / "wandb").rglob("methods*.table.json"))
    assert len(tables) == 1
    rows = json.loads(tables[0].read_text())["data"]
    assert [row[1] for row in rows] == [row.label for row in published.summary.rows]


def test_nothing_about_the_machine_or_the_user_is_in_what_would_be_sent(logged):
    _, store, _, files = logged
    sent = b"".join(Path(path).read_bytes() for path in files)
    sent += b"".join(p.read_bytes() for p in (store.folder / "wandb").rglob("files/**/*")
                     if p.is_file())
    host = socket.gethostname()
    secrets = ["hunter2", "swordfish", str(store.folder), sys.executable, "/home/"]
    secrets += [name for name in (host, getpass.getuser()) if len(name) > 4]
    for secret in secrets:
        assert secret.encode() not in sent
    for records in files.values():
        for run in parts(records, "run"):
            assert not run.host
        assert not parts(records, "environment")


def test_a_disabled_dashboard_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "disabled")
    study, tables = drawn_study({"a": 1.0})
    store = Store(tmp_path)
    published = publish(study, tables.__getitem__, {})
    assert log_study(published, store, artifacts=False) == (0, "disabled")
    assert not list(tmp_path.iterdir())


def test_neither_pictures_nor_their_names_are_sent(logged):
    published, _, _, files = logged
    assert NAMED in {item.text for item in published.disagreements}
    assert SEEN in published.thumbnails.values()
    for path in files:
        content = Path(path).read_bytes()
        assert NAMED.encode() not in content
        assert SEEN.encode() not in content
