"""Runs by content hash in any fsspec file system."""

import hashlib
import shutil

import fsspec
import numpy as np
import pyarrow as pa
import pytest
from synthetic import answers, examples, forgetting, record

from harness.common.errors import HarnessError
from harness.executors.results import DamagedError, Results
from harness.study.store import Store


@pytest.fixture(params=["memory://kept", "file"])
def results(request, tmp_path):
    place = Results(request.param if "://" in request.param else f"file://{tmp_path}/kept")
    place.check()
    return place


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "0123456789abcdef"
    (folder / "artifact" / "deep").mkdir(parents=True)
    (folder / "record.json").write_text("{}")
    (folder / "artifact" / "deep" / "weights").write_bytes(b"\0\1\2" * 1000)
    return folder


def test_a_run_arrives_as_it_was_put(results, run, tmp_path):
    files = results.put(run)
    assert files["record.json"] == hashlib.sha256(b"{}").hexdigest()
    results.announce(run.name, files)
    assert results.find(run.name) == files
    results.get(files, tmp_path / "there")
    assert (tmp_path / "there/artifact/deep/weights").read_bytes() == b"\0\1\2" * 1000
    assert results.find("f" * 16) is None


def test_what_is_damaged_or_gone_is_refused(results, run, tmp_path):
    files = results.put(run)
    system, root = fsspec.url_to_fs(results.url)
    blob = f"{root}/blobs/{files['record.json']}"
    system.pipe_file(blob, b"[]")
    with pytest.raises(DamagedError, match=r"record\.json is damaged"):
        results.get(files, tmp_path / "one")
    results.put(run)
    results.get(files, tmp_path / "two")
    system.rm(blob)
    with pytest.raises(DamagedError, match=r"record\.json is not there"):
        results.get(files, tmp_path / "three")
    results.announce(run.name, files)
    system.pipe_file(f"{root}/runs/{run.name}.json", b'{"run_id": "x", "files": {}}')
    assert results.find(run.name) is None, "it does not bear its own hash"


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../b", ""])
def test_no_file_leaves_the_run_s_folder(results, run, tmp_path, name):
    files = results.put(run)
    with pytest.raises(DamagedError, match="has no file"):
        results.get({name: files["record.json"]}, tmp_path / "there")


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    for url in ("gopher://x", f"file://{tmp_path}/file/below"):
        with pytest.raises(HarnessError, match="results"):
            Results(url).check()


def test_a_store_takes_over_a_run_and_later_what_it_forgot(tmp_path):
    asked = examples(6)
    drawn = answers(np.random.default_rng(0), asked, 1.0, 3)
    made, kept = Store(tmp_path / "made"), Store(tmp_path / "kept")
    run = made.write(record("full", 0, asked, drawn), pa.table({"item": [e.id for e in asked]}))
    run_id = run.identity.run_id
    shutil.copytree(made.path(run_id), tmp_path / "one" / run_id)
    kept.adopt(tmp_path / "one" / run_id)
    assert kept.standing(run_id) == run

    kept.amend(run_id, latency=None)
    made.add_forgetting(run_id, forgetting(), pa.table({"item": ["a"], "after": [0.5]}))
    kept.adopt(made.path(run_id))
    whole = kept.standing(run_id)
    assert kept.has_forgetting(whole, "k")
    assert whole.forgetting.mean == forgetting().mean
    assert whole.latency is None, "what this store knew by then is left as it is"
    assert made.standing(run_id) is not None, "a run that is kept is not taken again"
