"""What a pipeline and a person read of the gate."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml

from harness.common.device import detect
from harness.common.text import plain
from harness.gate.bounds import Bounds
from harness.gate.checks import check
from harness.gate.verdict import ChangedItem, GateResult, Subject, outcome_of
from harness.report import words
from harness.report.gate import sentences
from harness.report.gate.files import junit, tell_github
from harness.report.gate.markdown import markdown
from harness.study.environment import environment
from harness.suite import Gate

HOSTILE = "<script>alert(1)</script> | `x` ]]> \x1b[31mred\x07 %0A::error::, \ud83d"


def result(*checks, policy=None, name="model", text="a text"):
    policy = policy or Gate(artifact_bytes_at_most=1)
    return GateResult(
        suite="legal", profile="quick", suite_sha256="0" * 64, splits_sha256="1" * 64,
        created="2026-01-01T00:00:00+00:00", outcome=outcome_of(checks, policy), policy=policy,
        candidate=Subject(name=name, run_id=None, sha256="2" * 64, artifact_bytes=12_345,
                          base="minilm", base_sha256=None),
        baseline=None, items=1000, groups=300, checks=checks, metrics={}, slices=(),
        broken=(ChangedItem(item="i", text=text, target="a", baseline="a", candidate="b"),),
        mended=(), environment=environment(detect()), seconds=12.5)


PASSED = check("accuracy at least", "share", Bounds(0.8, 0.78, 0.82), 0.7, False)
FAILED = check("accuracy against the baseline", "points", Bounds(-0.042, -0.06, -0.024), -0.02,
               False)
DOUBT = check("p50_ms against the baseline", "ratio", Bounds(1.4, 1.2, 1.6), 1.5, True, "on a CPU")
ABSENT = check("forgetting", "points", "no base", 0.05, True)


def test_the_verdict_is_one_sentence():
    assert sentences.verdict(result(PASSED)) == "Passed: model keeps all 1 rules on 1,000 items."
    assert sentences.verdict(result(PASSED, DOUBT, FAILED, ABSENT)) == (
        "Failed: model may not ship: accuracy against the baseline: -4.2 points [-6.0 points, -2.4 "
        "points], wanted at least -2.0 points, and 2 more of 4 rules.")
    doubt = Gate(artifact_bytes_at_most=1, undecided="cannot-say")
    assert sentences.verdict(result(PASSED, DOUBT, policy=doubt)) == (
        "Cannot say whether model may ship: p50_ms against the baseline: 1.40x [1.20x, 1.60x], "
        "wanted at most 1.50x, not decided by these items (on a CPU).")


def test_junit_has_a_case_a_rule():
    policy = Gate(artifact_bytes_at_most=1, undecided="cannot-say")
    xml = JUnitXml.fromstring(junit(result(PASSED, FAILED, DOUBT, ABSENT, policy=policy)).encode())
    (suite,) = xml
    kinds = {case.name: [type(r) for r in case.result] for case in suite}
    assert kinds == {PASSED.rule: [], FAILED.rule: [Failure], DOUBT.rule: [Error],
                     ABSENT.rule: [Failure]}
    assert (suite.tests, suite.failures, suite.errors) == (4, 2, 1)
    assert xml.time == pytest.approx(12.5)


def test_github_gets_a_summary_and_an_error_a_rule(tmp_path, monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    assert tell_github(result(FAILED)) == []
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    lines = tell_github(result(PASSED, FAILED, DOUBT))
    assert [line.split("::")[1] for line in lines] == [
        "error title=gate legal%3A accuracy against the baseline",
        "error title=gate legal%3A p50_ms against the baseline"]
    assert path.read_text().startswith("before\n## Gate: legal")


def test_nothing_of_a_candidate_becomes_markup(tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "s.md"))
    bad = FAILED.model_copy(update={"about": HOSTILE + "\nsecond line"})
    found = result(bad, name=HOSTILE, text=HOSTILE)
    text = markdown(found)
    assert "<script>" not in text
    assert "\x1b" not in text
    rows = [line for line in text.splitlines() if line.startswith("| i ")]
    assert rows[0].replace("\\|", "").count("|") == 6
    ElementTree.fromstring(junit(found))  # noqa: S314  (our own text: is it XML?)
    (line,) = tell_github(found)
    assert "\n" not in line
    assert "%250A" in line


@given(st.text())
def test_any_text_is_xml_and_one_table_cell(text):
    bad = FAILED.model_copy(update={"about": text, "rule": plain(text) or "rule"})
    ElementTree.fromstring(junit(result(bad)))  # noqa: S314
    cell = words.cell(text)
    assert "\n" not in cell
    assert "<" not in cell
    assert all(cell[i - 1] == "\\" for i, c in enumerate(cell) if c == "|")
