"""W&B online, against a stand-in of the service on loopback."""

import getpass
import json
import socket
import sys

import pytest
import wandb
from synthetic import drawn_study, forgetting, lost_item
from wandb_service import wandb_service

from harness.report import sentences
from harness.report.dashboard.ledger import read_ledger
from harness.report.dashboard.opened import RETRIES, Destination, destination
from harness.report.dashboard.runs import heading_in
from harness.report.dashboard.sending import log_runs, log_so_far, log_study
from harness.report.published import publish
from harness.study.store import Store


@pytest.fixture(scope="module")
def logged_in():
    """A service that wandb is logged in to, for all tests: it keeps whom it talked to."""
    with wandb_service() as service, pytest.MonkeyPatch.context() as patched:
        for name, value in {"WANDB_API_KEY": "a" * 40, "WANDB_BASE_URL": service.address,
                            "WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false",
                            "MY_SECRET_TOKEN": "hunter2-do-not-send"}.items():
            patched.setenv(name, value)
        patched.delenv("WANDB_MODE")
        patched.setattr(sys, "argv", ["harness", "run", "--password=swordfish"])
        wandb.teardown()
        yield service
        wandb.teardown()


@pytest.fixture
def service(logged_in):
    """The same, as if new."""
    for kept in (logged_in.buckets, logged_in.views, logged_in.uploads, logged_in.evaluated):
        kept.clear()
    for said in (logged_in.asked, logged_in.bodies, logged_in.artifacts):
        said.clear()
    yield logged_in
    logged_in.pause, logged_in.broken, logged_in.evaluates = 0.0, False, False


@pytest.fixture
def studied(tmp_path):
    """A study, its store, and the tables of its runs."""
    study, tables = drawn_study({"good": 3.0, "weak": 1.0}, items=40)
    store = Store(tmp_path / "runs")
    store.folder.mkdir()
    store.predictions = tables.__getitem__
    return study, store, tables


def compared(studied, **fields):
    study, _, tables = studied
    return publish(study.model_copy(update=fields), tables.__getitem__, {})


def test_runs_are_there_one_by_one_and_the_study_is_one_run_throughout(service, studied):
    study, store, _ = studied
    to = destination(store.folder)
    assert to.mode == "online"
    for done in range(1, len(study.records) + 1):
        some = compared(studied, records=study.records[:done],
                        unfinished=tuple(r.identity.run_id for r in study.records[done:]))
        assert log_runs(some.study.records, heading_in(some), store, to).trouble is None
        assert len(service.buckets) == done + (done > 1)
        assert log_so_far(some, store, to).trouble is None
        told = service.of_type("study")
        assert len(told) == 1
        assert told[0].begun == done
        assert told[0].complete
        assert told[0].summary["verdict/runs"] == f"{done} of {len(study.records)}"
        assert told[0].summary["verdict"] == sentences.headline(some)
    assert [row["runs_done"] for row in told[0].rows()] == [1, 2, 3, 4, 5]
    assert log_study(compared(studied), store, to).trouble is None
    assert "figures/quality-cost" in told[0].rows()[-1]
    assert not list(to.folder.iterdir()), "what was sent is not kept twice"


def test_figures_curves_and_predictions_are_the_record_s(service, studied):
    study, store, tables = studied
    log_study(compared(studied), store, destination(store.folder))
    for record in study.records:
        bucket = next(b for b in service.buckets.values()
                      if b.config.get("run_id", {}).get("value") == record.identity.run_id)
        assert bucket.summary["quality/macro_f1"] == pytest.approx(record.quality.macro_f1)
        assert [row["train/loss"] for row in bucket.rows() if "train/loss" in row] == [
            point.train_loss for point in record.curve]
        shown = next(content for name, content in service.uploads[bucket.name].items()
                     if name.startswith("media/table/predictions"))
        table = json.loads(shown)
        rows = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
        own = tables[record.identity.run_id].to_pylist()
        assert [row["item"] for row in rows] == [row["item"] for row in own]
        for row, of in zip(rows, own, strict=True):
            classes = {name[2:]: p for name, p in of.items() if name.startswith("p:")}
            assert row["answer"] == max(classes, key=classes.get)
            assert row["right"] == (row["answer"] == of["target"])
        assert bucket.summary["predictions/shown"] == bucket.summary["predictions/items"] == 40


def test_what_is_measured_later_joins_the_run_and_its_curve_stays_one(service, studied):
    study, store, _ = studied
    to = destination(store.folder)
    log_study(compared(studied), store, to)
    before = {name: list(bucket.history) for name, bucket in service.buckets.items()}

    def later(record):
        return record.model_copy(update={"forgetting": forgetting((lost_item("t", "y", "n"),))})

    lost = tuple(later(r) if r.identity.label == "good" else r for r in study.records)
    assert log_study(compared(studied, records=lost), store, to).trouble is None
    assert set(before) == set(service.buckets)
    told = service.of_type("good")
    assert len(told) == 2
    for bucket in told:
        assert bucket.begun == 2
        assert bucket.history == before[bucket.name]
        assert "forgetting/difference" in bucket.summary
        assert "quality/macro_f1" in bucket.summary, "what it had, it keeps"


def test_a_run_told_of_by_half_is_told_of_whole_and_once(service, studied):
    """Its process was killed before it could note that: the service has the curve already."""
    study, store, _ = studied
    to = destination(store.folder)
    log_runs(study.records, heading_in(compared(studied)), store, to)
    before = {name: [r.get("train/loss") for r in b.rows()] for name, b in service.buckets.items()}
    (store.folder / "wandb.json").unlink()
    log_runs(study.records, heading_in(compared(studied)), store, to)
    assert before == {name: [r.get("train/loss") for r in b.rows()]
                      for name, b in service.buckets.items()}


def test_nothing_of_the_machine_the_user_or_the_texts_is_sent(service, studied, tmp_path):
    _study, store, _ = studied
    log_study(compared(studied), store, destination(store.folder))
    sent = b"".join(service.bodies) + b"".join(
        content for files in service.uploads.values() for content in files.values())
    names = [name for name in (socket.gethostname(), getpass.getuser()) if len(name) > 4]
    for secret in ["hunter2", "swordfish", str(tmp_path), sys.executable, "/home/", "/root/",
                   *names]:
        assert secret.encode() not in sent
    assert {b.fields["program"] for b in service.buckets.values()} == {"harness"}
    assert not any(b.fields.get("host") for b in service.buckets.values())


def test_where_the_service_evaluates_predictions_are_an_evaluation(service, studied):
    study, store, tables = studied
    service.evaluates = True
    record = study.records[0]
    log_runs([record], heading_in(compared(studied)), store, destination(store.folder))
    (bucket,) = service.buckets.values()
    shown = next(row["predictions"] for row in bucket.rows() if "predictions" in row)
    assert (shown["_type"], shown["nrows"]) == ("eval-table-ces", 40)
    (columns,) = service.evaluated["columns"]
    fields = {field["name"]: field["source"] for field in columns["dataset_fields"]}
    assert {name for name, of in fields.items() if of == "input"} == {"item", "target"}
    assert "answer" in {name for name, of in fields.items() if of == "output"}
    assert [scorer["name"] for scorer in columns["scorers"]] == ["right"]
    own = tables[record.identity.run_id]
    assert sum(len(part["rows"]) for part in service.evaluated["rows"]) == own.num_rows


def test_a_service_that_fails_is_asked_for_one_run_and_nothing_is_lost(service, studied):
    study, store, _ = studied
    to, published = destination(store.folder), compared(studied)
    service.broken = True
    found = log_study(published, store, to)
    # One run and the study are tried, not each run.
    assert 0 < service.asked.count("RunResumeStatus") <= 2 * (1 + RETRIES)
    assert not found.written
    assert found.left == len(study.records) + 2
    assert "HTTP 500" in found.trouble
    service.broken = False
    assert log_study(published, store, to).trouble is None
    assert len([b for b in service.buckets.values() if b.complete]) == len(study.records) + 1


def test_written_offline_then_sent_online_it_is_one_run(service, studied):
    study, store, _ = studied
    published = compared(studied)
    log_study(published, store, Destination("offline", store.folder))
    assert len(list((store.folder / "wandb").iterdir())) == len(study.records) + 1
    amended = tuple(r.model_copy(update={"latency": None}) for r in study.records)
    log_study(compared(studied, records=amended), store, destination(store.folder))
    assert len(service.buckets) == len(study.records) + 1
    assert not list((store.folder / "wandb").iterdir()), "else `wandb sync` sent them twice"
    assert all(bucket.rows() for bucket in service.of_type("good"))


def test_the_suite_has_one_report_with_the_verdict_and_those_before(service, studied):
    pytest.importorskip("wandb_workspaces", reason="the extra `workspaces`")
    study, store, _ = studied
    to = destination(store.folder)
    part = compared(studied, records=study.records[:3], unfinished=("x", "y"))
    log_so_far(part, store, to)
    log_study(compared(studied), store, to)
    (view,) = service.views.values()
    assert view["displayName"] == study.title
    text = view["spec"]
    assert sentences.headline(compared(studied)) in text
    for told in read_ledger(store.folder).verdicts:
        assert told.sentence in text
    assert len(read_ledger(store.folder).verdicts) == 2
    blocks = json.loads(text)["blocks"]
    assert [b["children"][0]["text"] for b in blocks if b["type"] == "heading"] == [
        "Methods that none is better than in everything", "Forgetting", "Money",
        "Verdicts so far"]
    said = len(service.views)
    log_study(compared(studied), store, to)
    assert len(service.views) == said
