"""Files that are not as they were written: found, named, made again, never a result."""

import json
import shutil

import pytest
from command_line import harness
from small_study import Watcher, write_suite

from harness.commands.study import incomplete
from harness.common.cache import cache_folder
from harness.common.errors import HarnessError
from harness.common.sealed import sealed
from harness.gate.approve import approval, make_baseline
from harness.report.published import Published
from harness.study.assignment import load_fitted
from harness.study.planning.plan import make_plan
from harness.study.reproduce import differences
from harness.study.run import assign, missing, run_study
from harness.study.store import Store
from harness.study.study import make_study
from harness.suite import load_suite


def truncated(data):
    return data[: len(data) // 2]


def flipped(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1:]


@pytest.fixture(scope="module")
def finished(tmp_path_factory, encoder_folder, decoder_folder, device):
    """A finished study with a cache of its own."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(folder / "cache"))
        path = write_suite(folder, encoder_folder, decoder_folder)
        plan = make_plan(load_suite(path), device)
        records = run_study(plan, Store(folder / "runs"), Watcher())
    assert {r.status.state for r in records.values()} == {"ok"}
    return folder, plan, records


@pytest.fixture
def study(finished, tmp_path, monkeypatch):
    """A copy of it, to be damaged."""
    folder, plan, records = finished
    shutil.copytree(folder / "runs", tmp_path / "runs")
    shutil.copytree(folder / "cache", tmp_path / "cache")
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    return plan, Store(tmp_path / "runs"), records


@pytest.mark.parametrize("harm", [truncated, flipped])
@pytest.mark.parametrize(("name", "label"), [
    ("record.json", "tfidf"), ("predictions.parquet", "tfidf"),
    ("artifact/adapter_model.safetensors", "lora"), ("artifact/head.safetensors", "features"),
])
def test_a_damaged_file_of_a_run_is_named_and_the_run_done_again(study, watcher, name, label, harm):
    plan, store, records = study
    run_id = next(r.identity.run_id for r in records.values() if r.identity.label == label)
    path = store.path(run_id) / name
    path.write_bytes(harm(path.read_bytes()))
    assert [r.run_id for r in missing(plan, store)] == [run_id]
    again = run_study(plan, store, watcher)
    assert watcher.ran == [label]
    assert len(watcher.warnings) == 1
    assert f"{name.split('/')[0]} of run {run_id} is damaged" in watcher.warnings[0]
    assert differences(records[run_id], again[run_id]) == ()
    assert missing(plan, store) == []


@pytest.mark.parametrize("harm", [truncated, flipped])
@pytest.mark.parametrize("kind", ["features", "rows"])
def test_a_damaged_file_of_the_cache_is_named_and_made_again(study, watcher, caplog, kind, harm):
    plan, store, records = study
    for path in (cache_folder() / kind).rglob("*.*"):
        if path.is_file() and path.suffix in (".safetensors", ".parquet"):
            path.write_bytes(harm(path.read_bytes()))
    shutil.rmtree(store.folder)
    plan = make_plan(load_suite(plan.loaded.source.path), plan.device)
    with caplog.at_level("WARNING"):
        again = run_study(plan, store, watcher)
    named = [record.message for record in caplog.records if "is damaged" in record.message]
    # Features are read in processes of their own, whose log goes to the terminal.
    assert kind == "features" or named
    for run_id, record in records.items():
        assert differences(record, again[run_id]) == ()


def test_any_byte_of_a_record_may_flip_and_no_other_figure_is_read(study):
    _, store, records = study
    run_id = next(iter(records))
    path = store.path(run_id) / "record.json"
    whole, right = path.read_bytes(), store.load(run_id)
    for position in range(0, len(whole), 37):
        for bit in (0, 4):
            data = bytearray(whole)
            data[position] ^= 1 << bit
            path.write_bytes(data)
            assert store.load(run_id) in (None, right), (position, bit)
    for length in range(0, len(whole) - 2, 53):
        path.write_bytes(whole[:length])
        assert store.load(run_id) is None


def test_a_report_and_a_plan_name_what_is_damaged(study, tmp_path):
    plan, store, _ = study
    shutil.copytree(store.folder, tmp_path / "all" / "tiny")
    run = next(r for r in plan.runs if r.identity.label == "tfidf")
    path = tmp_path / "all" / "tiny" / run.run_id / "record.json"
    path.write_bytes(truncated(path.read_bytes()))
    words = (plan.loaded.source.path, "--runs", tmp_path / "all")
    said = harness("report", *words, "--reports", tmp_path / "reports")
    assert said.code == 1, said.all
    planned = harness("plan", *words)
    assert planned.code == 0, planned.all
    for text in (said.out, planned.out):
        assert f"record.json of run {run.run_id} is damaged: it counts as missing" in text


def test_a_damaged_model_is_not_approved(study, tmp_path):
    plan, store, _ = study
    run = next(r for r in plan.runs if r.identity.label == "tfidf")
    path = store.artifact(run.run_id) / "tfidf.json"
    path.write_bytes(flipped(path.read_bytes()))
    with pytest.raises(HarnessError, match="is damaged: artifact"):
        make_baseline(plan.loaded, plan.task, store, store.load(run.run_id), None,
                      approval("", None))


def test_a_study_without_latency_is_incomplete(study):
    plan, _, records = study
    published = Published.model_construct(study=make_study(plan, records))
    assert incomplete(plan, published) == 0
    run_id = plan.runs[0].run_id
    untimed = records | {run_id: records[run_id].model_copy(update={"latency": None})}
    assert incomplete(plan, Published.model_construct(study=make_study(plan, untimed))) == 1


def test_a_record_that_cannot_be_read_now_is_not_replaced(study, monkeypatch):
    plan, store, _ = study

    def fail(path, **options):
        raise OSError(5, "Input/output error", str(path))

    monkeypatch.setattr("pathlib.Path.read_text", fail)
    with pytest.raises(HarnessError, match="Input/output error"):
        missing(plan, store)


def test_a_record_edited_by_hand_is_no_record(study):
    _, store, records = study
    run_id = next(iter(records))
    path = store.path(run_id) / "record.json"
    content = json.loads(path.read_text())
    content["quality"]["accuracy"] = 0.123
    path.write_text(json.dumps(content))
    assert store.load(run_id) is None
    path.write_text(sealed(json.dumps(content)))
    assert store.load(run_id).quality.accuracy == 0.123


def test_what_was_saved_is_checked_before_it_is_loaded(study):
    plan, store, _ = study
    run = next(r for r in plan.runs if r.identity.label == "full")
    (weights,) = store.artifact(run.run_id).glob("*.safetensors")
    weights.write_bytes(flipped(weights.read_bytes()))
    with pytest.raises(HarnessError, match=f"run {run.run_id} is damaged: artifact"):
        load_fitted(assign(plan, store, run))
