"""The packaged models and the real legal data, on the smoke budget, as a user would run them."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.report.published import read_published

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.end_to_end, pytest.mark.xdist_group("end_to_end")]
SECOND_CALL_SECONDS = 30
"""The promise is 15 seconds on a quiet machine; tests run two at a time."""


@pytest.fixture(autouse=True)
def user_s_own_cache(own_cache, monkeypatch):
    """The real cache: fetching several hundred megabytes once is enough."""
    monkeypatch.delenv("HARNESS_CACHE", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)


def harness(*words):
    return subprocess.run([sys.executable, "-m", "harness", *map(str, words)], cwd=ROOT,
                          capture_output=True, text=True, timeout=600, check=False)


@pytest.mark.parametrize("suite", ["legal", "privacy"])
def test_a_smoke_study(suite, tmp_path):
    places = ("--profile", "smoke", "--runs", tmp_path / "runs", "--reports", tmp_path / "reports")
    done = harness("run", suite, *places)
    assert done.returncode == 0, done.stdout + done.stderr
    folder = tmp_path / "reports" / suite
    assert f"report: {folder / 'index.html'}" in done.stdout
    published = read_published(folder / "study.json")
    assert {r.status.state for r in published.study.records} == {"ok"}
    assert [rule.name for rule in published.rules if rule.held is False] == []
    notes = {note for r in published.study.records for note in r.notes}
    assert notes == {"the weights were quantised (Q4_1) and are dequantised here"}
    assert (folder / "index.html").stat().st_size < 6_000_000
    before = json.loads((folder / "study.json").read_text())["summary"]
    start = time.monotonic()
    again = harness("run", suite, *places)
    assert again.returncode == 0
    assert "nothing to compute" in again.stdout
    assert time.monotonic() - start < SECOND_CALL_SECONDS
    assert json.loads((folder / "study.json").read_text())["summary"] == before
