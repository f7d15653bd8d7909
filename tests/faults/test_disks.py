"""Disks that are full, folders that may not be written or go away."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from command_line import harness
from small_study import write_suite

from harness.common.errors import CannotWriteError, HarnessError
from harness.study.planning.plan import make_plan
from harness.study.run import missing, run_study
from harness.study.store import Store
from harness.suite import load_suite


def mount(*words):
    return subprocess.run(["mount", "-t", "tmpfs", *map(str, words)], capture_output=True,
                          text=True, check=False)


@pytest.fixture
def disk(tmp_path):
    """A disk of 256 KiB, and a function that changes it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = mount("-o", "size=256k", "tmpfs", folder)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")

    def change(options):
        assert mount("-o", f"remount,{options}", "tmpfs", folder).returncode == 0

    yield folder, change
    subprocess.run(["umount", folder], check=True)


def run(suite, runs, reports, **environment):
    return harness("run", suite, "--runs", runs, "--reports", reports, "--no-wandb", **environment)


def refused(said, *words):
    assert said.code == 2, said.all
    assert len(said.err.strip().splitlines()) == 2, said.err
    for word in ("cannot write", *words):
        assert word in said.err


def test_a_full_disk_stops_a_study_and_loses_no_run(small_suite, disk, tmp_path, device):
    folder, change = disk
    said = run(small_suite, folder / "runs", tmp_path / "reports")
    refused(said, str(folder / "runs"), "No space left on device", "Free some space",
            "what is finished is kept")
    plan, store = make_plan(load_suite(small_suite), device), Store(folder / "runs" / "tiny")
    left = missing(plan, store)
    assert 0 < len(left) < len(plan.runs)
    kept = {r.run_id: store.load(r.run_id) for r in plan.runs if r not in left}
    assert all(store.damage(r.run_id) is None for r in plan.runs)
    assert not list(folder.rglob(".tmp-*"))
    change("size=16m")
    done = run(small_suite, folder / "runs", tmp_path / "reports")
    assert done.code == 0, done.all
    assert f"{len(kept)} kept" in done.out
    for run_id, record in kept.items():
        assert store.load(run_id).model_copy(update={"latency": None}) == record


@pytest.mark.parametrize("place", ["reports", "cache"])
def test_a_full_disk_under_reports_or_cache_is_named(small_suite, disk, tmp_path, place):
    folder, _ = disk
    (folder / "ballast").write_bytes(b"x" * 250_000)
    places = {"runs": tmp_path / "runs", "reports": tmp_path / "reports",
              "cache": tmp_path / "cache"} | {place: folder / place}
    said = run(small_suite, places["runs"], places["reports"],
               HARNESS_CACHE=str(places["cache"]))
    refused(said, str(places[place]), "No space left on device")
    (folder / "ballast").unlink()
    _, change = disk
    change("size=16m")
    assert run(small_suite, places["runs"], places["reports"],
               HARNESS_CACHE=str(places["cache"])).code == 0


def test_a_read_only_folder_is_named_and_what_is_there_can_be_read(small_suite, disk, tmp_path):
    folder, change = disk
    change("size=16m")
    assert run(small_suite, folder / "runs", folder / "reports").code == 0
    change("ro")
    again = run(small_suite, folder / "runs", folder / "reports")
    refused(again, str(folder), "Read-only file system", "Name a place that you may write")
    read = harness("report", small_suite, "--runs", folder / "runs", "--reports",
                   tmp_path / "reports")
    assert read.code == 0, read.all
    new = run(small_suite, folder / "other", tmp_path / "reports")
    refused(new, str(folder / "other"), "Name a place that you may write")


def test_a_folder_removed_while_a_study_runs_is_said(small_suite, tmp_path, device, watcher):
    plan, store = make_plan(load_suite(small_suite), device), Store(tmp_path / "runs")

    class Removing(type(watcher)):
        def ended(self, run, record):
            if len(self.ran) == 2:
                shutil.rmtree(store.folder)

    with pytest.raises(HarnessError, match="2 finished runs are no longer in"):
        run_study(plan, store, Removing())
    assert [r.identity.label for r in missing(plan, store)] == ["tfidf", "features"]
    assert len(run_study(plan, store, watcher)) == len(plan.runs)
    assert watcher.ran == ["tfidf", "features"]


@pytest.fixture
def nobody():
    """Whoever runs the tests, without the rights of root."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    yield
    if root:
        os.seteuid(0)


@pytest.fixture
def open_folder():
    """A folder that anybody may use."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("kept", ["data.csv", "tiny.yaml", "cache/rows"])
def test_what_may_not_be_read_or_written_is_named(open_folder, encoder_folder, request, kept):
    models = open_folder / "encoder"
    shutil.copytree(encoder_folder, models)
    models.chmod(0o755)
    for file in models.iterdir():
        file.chmod(0o644)
    suite = write_suite(open_folder, models, models)
    # Whoever has no rights may not read the libraries either: they are imported before.
    assert harness("plan", suite, HARNESS_CACHE=str(open_folder / "before")).code == 0
    (open_folder / "cache").mkdir(mode=0o777)
    (open_folder / "cache").chmod(0o777)
    closed = open_folder / kept
    if not closed.exists():
        closed.mkdir()
    closed.chmod(0o500 if closed.is_dir() else 0)
    request.getfixturevalue("nobody")
    said = run(suite, open_folder / "runs", open_folder / "reports",
               HARNESS_CACHE=str(open_folder / "cache"))
    assert said.code == 2, said.all
    assert len(said.err.strip().splitlines()) == 2, said.err
    assert str(closed) in said.err
    assert "Permission denied" in said.err


def test_a_lock_that_may_not_be_taken_is_named(open_folder, nobody):
    (open_folder / ".locks").mkdir(mode=0o500)
    (open_folder / ".locks").chmod(0o500)
    with pytest.raises(CannotWriteError, match="locks"), Store(open_folder).lock("0" * 16):
        pass
