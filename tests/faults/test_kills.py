"""SIGKILL at random moments: nothing is lost, counted twice or left behind."""

import re
import subprocess
import sys
from pathlib import Path

from harness.report.published import read_published
from harness.study.plan import make_plan
from harness.study.reproduce import differences
from harness.study.run import run_study
from harness.study.store import Store
from harness.suite import load_suite

KILLS = 50


def test_a_study_killed_fifty_times_is_the_study_never_killed(small_suite, tmp_path, watcher,
                                                              device, monkeypatch):
    cache = tmp_path / "cache"
    monkeypatch.setenv("HARNESS_CACHE", str(cache))
    driver = Path(__file__).with_name("killed.py")
    done = subprocess.run(
        [sys.executable, str(driver), str(small_suite), str(tmp_path / "killed"), str(KILLS), "0"],
        capture_output=True, text=True, timeout=1800, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{KILLS} kills" in done.stdout

    plan = make_plan(load_suite(small_suite), device)
    never = run_study(plan, Store(tmp_path / "never"), watcher)
    studies = sorted((tmp_path / "killed").iterdir())
    for folder in studies:
        store = Store(folder / "runs" / "tiny")
        assert {p.name for p in store.folder.iterdir()} - {".locks"} == set(never)
        for run_id, record in never.items():
            again = store.load(run_id)
            assert store.damage(run_id) is None
            assert differences(record, again) == ()
            assert again.predictions_sha256 == record.predictions_sha256
            assert again.latency is not None
        published = read_published(folder / "reports" / "tiny" / "study.json")
        assert [r.identity.run_id for r in published.study.records] == [r.run_id for r in plan.runs]
    left = [p for place in (tmp_path / "killed", cache) for p in place.rglob("*")
            if re.match(r"\.tmp-|tmp", p.name)]
    assert left == []
