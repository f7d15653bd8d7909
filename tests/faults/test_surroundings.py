"""Clocks, locales, paths, homes and networks as they are elsewhere."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from command_line import harness
from small_study import write_suite

from harness.report.published import read_published

BACKWARDS = """
import time
_now = time.time
_start = _now()
time.time = lambda: _start - 10 * (_now() - _start) - 86400
"""
"""Loaded by every Python at its start: a clock that was set back a day and runs backwards."""


@pytest.mark.parametrize(("folder", "locale"), [
    ("Prüfung 法律 mit Leerzeichen", {"LC_ALL": "C"}),
    # Files' names are ASCII then, as is what files hold unless it is said.
    ("plain", {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}),
])
def test_another_clock_locale_zone_path_and_home(tmp_path, encoder_folder, decoder_folder, folder,
                                                 locale):
    place = tmp_path / folder
    suite = write_suite(place / "suites", encoder_folder, decoder_folder)
    value = yaml.safe_load(suite.read_text(encoding="utf-8"))
    value["title"] = "Verträge – 契約"
    suite.write_text(yaml.safe_dump(value, allow_unicode=True), encoding="utf-8")
    (place / "clock").mkdir()
    (place / "clock" / "sitecustomize.py").write_text(BACKWARDS)
    environment = {
        **os.environ, **locale, "TZ": "Asia/Kathmandu", "HOME": "/proc/nowhere",
        "HARNESS_CACHE": str(place / "cache"),
        "PYTHONPATH": os.pathsep.join([str(place / "clock"), str(Path.cwd()),
                                       os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(
        [sys.executable, "-m", "harness", "run", "tiny", "--suites", "suites"], cwd=place,
        env=environment, capture_output=True, timeout=1800, check=False)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    assert b"Traceback" not in done.stderr
    published = read_published(place / "reports" / "tiny" / "study.json")
    assert published.study.title == "Verträge – 契約"
    assert published.study.created.endswith("+00:00")
    assert {r.status.state for r in published.study.records} == {"ok"}
    assert all(r.cost.stand_alone_seconds > 0 for r in published.study.records)
    assert all(r.latency.p50_ms > 0 for r in published.study.records)
    page = (place / "reports" / "tiny" / "index.html").read_text(encoding="utf-8")
    assert "Verträge – 契約" in page
    assert str(place) not in page


def test_a_home_that_cannot_be_written_is_named_with_what_to_set(small_suite, monkeypatch):
    monkeypatch.delenv("HARNESS_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    said = harness("plan", small_suite, HOME="/proc/nowhere")
    assert said.code == 2
    assert "cannot make the cache folder /proc/nowhere" in said.err
    assert "Set HARNESS_CACHE to a folder you may write" in said.err


@pytest.mark.parametrize(("source", "named"), [
    ({"wheel": "no-such-data==1.0", "sha256": "0" * 64, "path": "data.csv"}, "no-such-data==1.0"),
    ({"hub": "someone/some-data", "revision": "main"}, "someone/some-data@main"),
])
def test_what_is_missing_without_a_network_is_named_with_what_fetches_it(
        small_suite, source, named):
    value = yaml.safe_load(small_suite.read_text())
    value["task"]["source"] = source
    small_suite.write_text(yaml.safe_dump(value))
    said = harness("plan", small_suite, HF_HUB_OFFLINE="1", HF_ENDPOINT="http://127.0.0.1:9",
                   PIP_CONFIG_FILE="/dev/null", PIP_INDEX_URL="http://127.0.0.1:9/simple",
                   PIP_EXTRA_INDEX_URL="", PIP_FIND_LINKS="", PIP_RETRIES="0")
    assert said.code == 2
    assert named in said.err
    assert "`harness plan SUITE` fetches" in said.err
