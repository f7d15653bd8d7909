"""Approving a run: which suite it is held against."""

from types import SimpleNamespace

import pytest
from command_line import harness, refused

from harness.commands import baseline

RUN = "0" * 16


@pytest.fixture
def approved(monkeypatch):
    """The suites that a run of `tiny` was approved for, and where."""
    made = []
    record = SimpleNamespace(identity=SimpleNamespace(suite="tiny"))
    monkeypatch.setattr(baseline, "find_run",
                        lambda runs, run_id: SimpleNamespace(record=lambda run_id: record))
    monkeypatch.setattr(baseline, "make_baseline", lambda loaded, *rest: loaded.source.path)
    monkeypatch.setattr(baseline, "write_baseline", lambda path, suite: made.append((path, suite)))
    monkeypatch.setattr(baseline.Approved, "show", lambda self: None)
    return made


def test_a_suite_whose_file_has_another_name_is_named_by_its_path(suite_file, approved, tmp_path):
    other = suite_file.rename(suite_file.with_name("renamed.yaml"))
    words = ("baseline", "approve", RUN, "--baselines", tmp_path, "--suites", suite_file.parent)
    refused(harness(*words), "there is no suite 'tiny'")
    said = harness(*words, "--suite", other)
    assert said.code == 0, said.all
    assert approved == [(tmp_path / "tiny.json", other)]


def test_a_suite_of_another_name_is_refused(suite_file, approved, tmp_path):
    suite_file.write_text(suite_file.read_text().replace("name: tiny", "name: another"))
    said = harness("baseline", "approve", RUN, "--baselines", tmp_path, "--suite", suite_file)
    refused(said, "is of the suite tiny, not of another", "--suite")
    assert approved == []
