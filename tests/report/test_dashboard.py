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

from harness.report.dashboard.ledger import read_ledger
from harness.report.dashboard.opened import Destination
from harness.report.dashboard.runs import summary_of
from harness.report.dashboard.sending import log_study, nothing_new
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
    monkeypatch.setenv("MY_SECRET_TOKEN", "hunter2-do-not-send")
    monkeypatch.setattr(sys, "argv", ["harness", "run", "--password=swordfish"])
    study, tables = drawn_study({"good": 3.0, "weak": 1.0}, items=40)
    store = Store(tmp_path / "runs")
    store.folder.mkdir()
    monkeypatch.setattr(store, "predictions", tables.__getitem__)
    items = next(iter(tables.values()))["item"].to_pylist()
    published = publish(study, tables.__getitem__, dict.fromkeys(items, NAMED),
                        lambda items: dict.fromkeys(items, SEEN))
    done = log_study(published, store, Destination("offline", store.folder))
    assert done.trouble is None
    return published, store, len(done.written), written(store)


def written(store):
    """What lies there by path."""
    return {str(path): messages(path) for path in (store.folder / "wandb").rglob("*.wandb")}


def summary_in(records):
    return {update.key or "/".join(update.nested_key): json.loads(update.value_json)
            for part in parts(records, "summary") for update in part.update}


def timed(published, milliseconds):
    """The study with another latency of its runs: what comes later than quality."""
    def later(record):
        return record.model_copy(update={"latency": record.latency.model_copy(
            update={"p50_ms": milliseconds})})
    study = published.study
    return published.model_copy(update={"study": study.model_copy(
        update={"records": tuple(map(later, study.records))})})


def parts(records, kind):
    return [getattr(r, kind) for r in records if r.WhichOneof("record_type") == kind]


def test_each_run_and_the_study_are_there_and_sent_once(logged):
    published, store, count, files = logged
    assert count == len(published.study.records) + 1 == len(files)
    assert nothing_new(published, store)
    assert not log_study(published, store, Destination("offline", store.folder)).written
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
        summary = summary_in(by_name[name])
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
    summary = summary_in(records)
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


def test_what_lies_there_is_closed_and_holds_no_logs(logged):
    _, store, _, files = logged
    assert all(parts(records, "exit") for records in files.values())
    assert not list((store.folder / "wandb").rglob("*.log"))
    assert not [path for path in (store.folder / "wandb").iterdir()
                if not path.name.startswith("offline-run-")]


def test_what_is_measured_later_is_of_the_same_run(logged):
    published, store, count, files = logged
    again = timed(published, 77.0)
    assert not nothing_new(again, store)
    assert len(log_study(again, store, Destination("offline", store.folder)).written) == count
    now = written(store)
    assert len(now) == len(files)
    ids = [{parts(records, "run")[0].run_id for records in of.values()} for of in (files, now)]
    assert ids[0] == ids[1]
    for records in now.values():
        if parts(records, "run")[0].job_type != "study":
            assert summary_in(records)["latency/p50_ms"] == 77.0
            assert parts(records, "history"), "what was not sent is written as a whole again"


def test_a_run_that_was_sent_gets_its_later_figures_and_no_second_curve(logged):
    published, store, _, files = logged
    for path in files:
        Path(f"{path}.synced").touch()
    log_study(timed(published, 77.0), store, Destination("offline", store.folder))
    new = {path: records for path, records in written(store).items() if path not in files}
    assert len(new) == len(files)
    for records in new.values():
        run = parts(records, "run")[0]
        assert run.run_id in {parts(old, "run")[0].run_id for old in files.values()}
        if run.job_type != "study":
            assert summary_in(records)["latency/p50_ms"] == 77.0
            assert not parts(records, "history")


def test_a_run_that_was_made_again_is_another(logged):
    published, store, _, files = logged
    first = published.study.records[0]
    again = first.model_copy(update={"cost": first.cost.model_copy(
        update={"stand_alone_seconds": 1 + first.cost.stand_alone_seconds})})
    study = published.study.model_copy(
        update={"records": (again, *published.study.records[1:])})
    log_study(published.model_copy(update={"study": study}), store,
              Destination("offline", store.folder))
    assert len(written(store)) == len(files) + 1


def test_verdicts_are_kept_as_they_change(logged, monkeypatch):
    published, store, _, _ = logged
    assert [told.kind for told in read_ledger(store.folder).verdicts] == ["use"]
    sure = published.verdict.model_copy(update={"answer": "lean", "loss": 0.2})
    for _ in range(2):
        log_study(published.model_copy(update={"verdict": sure}), store,
                  Destination("offline", store.folder))
    told = read_ledger(store.folder).verdicts
    assert [one.kind for one in told] == ["use", "lean"]
    assert told[1].sentence.endswith("a loss of up to 0.200 against another is not ruled out.")


def test_a_run_without_a_result_is_shown_as_failed(tmp_path):
    study, tables = drawn_study({"a": 1.0}, items=20, seeds=1)
    lost, *_others = (r for r in study.records if r.identity.label == "a")
    lost = lost.model_copy(update={"quality": None, "cost": None, "status": lost.status.model_copy(
        update={"state": "out-of-memory", "reason": "r"})})
    store = Store(tmp_path)
    store.predictions = tables.__getitem__
    kept = tuple(lost if r.identity == lost.identity else r for r in study.records)
    published = publish(study.model_copy(update={"records": kept}), tables.__getitem__, {})
    log_study(published, store, Destination("offline", tmp_path))
    codes = {parts(records, "run")[0].job_type: parts(records, "exit")[0].exit_code
             for records in written(store).values()}
    assert codes == {"majority": 0, "a": 1, "study": 0}


def test_neither_pictures_nor_their_names_are_sent(logged):
    published, _, _, files = logged
    assert NAMED in {item.text for item in published.disagreements}
    assert SEEN in published.thumbnails.values()
    for path in files:
        content = Path(path).read_bytes()
        assert NAMED.encode() not in content
        assert SEEN.encode() not in content
