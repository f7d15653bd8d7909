"""SIGKILL at random moments: nothing is lost, counted twice or left behind."""

import re

from killed import kill_again_and_again

from harness.report.published import read_published
from harness.study.planning.plan import make_plan
from harness.study.reproduce import differences
from harness.study.run import run_study
from harness.study.store import Store
from harness.suite import load_suite

KILLS = 20


def test_a_study_killed_twenty_times_is_the_study_never_killed(small_suite, tmp_path, watcher,
                                                               device, monkeypatch):
    cache = tmp_path / "cache"
    monkeypatch.setenv("HARNESS_CACHE", str(cache))
    done = kill_again_and_again(small_suite, tmp_path / "killed", KILLS, 0)

    plan = make_plan(load_suite(small_suite), device)
    never = run_study(plan, Store(tmp_path / "never"), watcher)
    studies = sorted((tmp_path / "killed").iterdir())
    assert len(studies) == done
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
