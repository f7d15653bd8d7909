"""What a pipeline and a person read of the gate."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped
from rich.console import Console

from harness.common.device import detect
from harness.common.text import plain
from harness.gate.bounds import Bounds
from harness.gate.checks import check
from harness.gate.verdict import Attempt, ChangedItem, GateResult, Subject, outcome_of
from harness.report import words
from harness.report.gate import sentences
from harness.report.gate.attempts import Tried
from harness.report.gate.files import junit, tell_github
from harness.report.gate.markdown import markdown
from harness.report.gate.terminal import print_gate
from harness.study.environment import environment
from harness.suite import Gate

HOSTILE = "<script>alert(1)</script> | `x` ]]> \x1b[31mred\x07 %0A::error::, \ud83d"


def result(*checks, policy=None, name="model", text="a text", **more):
    policy = policy or Gate(artifact_bytes_at_most=1)
    return GateResult(
        suite="legal", profile="quick", suite_sha256="0" * 64, splits_sha256="1" * 64,
        created="2026-01-01T00:00:00+00:00", policy=policy,
        **({"outcome": outcome_of(checks, policy)} | more),
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


SHOULD = FAILED.model_copy(update={"tier": "should", "rule": "log_loss at most"})
NOTED = DOUBT.model_copy(update={"tier": "note"})
HIDDEN = FAILED.model_copy(update={"of_items": True}).withheld


def printed(found):
    console = Console(file=io.StringIO(), width=200)
    print_gate(console, found)
    return console.file.getvalue()


def test_a_rule_that_should_hold_warns_and_stops_nothing():
    found = result(PASSED, SHOULD, NOTED)
    assert found.exit_code == 0
    said = sentences.verdict(found)
    assert said.startswith("Passed: model keeps all 1 rules on 1,000 items. Warning, it should: "
                           "log_loss at most: -4.2 points")
    assert "| tier | rule |" in markdown(found)
    assert "| should | log" in markdown(found)
    assert "❌" not in markdown(found)
    assert " should " in printed(found)
    assert "tier" not in printed(result(PASSED))
    assert "tier" not in markdown(result(PASSED))


def test_junit_and_github_tell_tiers_apart(tmp_path, monkeypatch):
    (suite,) = JUnitXml.fromstring(junit(result(PASSED, SHOULD, NOTED)).encode())
    assert {case.name: [type(r) for r in case.result] for case in suite} == {
        PASSED.rule: [], f"should: {SHOULD.rule}": [Skipped], f"note: {NOTED.rule}": []}
    assert (suite.failures, suite.errors, suite.skipped) == (0, 0, 1)
    (noted,) = (case for case in suite if case.name.startswith("note"))
    assert "1.40x" in noted.system_out
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "s.md"))
    assert [line.split(" ")[0] for line in tell_github(result(FAILED, SHOULD, NOTED))] == [
        "::error", "::warning", "::notice"]


def test_what_is_withheld_is_in_no_view_and_still_fails(tmp_path, monkeypatch):
    assert (HIDDEN.value, HIDDEN.low, HIDDEN.about) == (None, None, "")
    found = result(HIDDEN, PASSED, outcome="failed", part="gate")
    said = sentences.verdict(found)
    assert said == ("Failed: model may not ship: it does not keep all of 1 rules on the gate's "
                    "1,000 items, whose figures are not told (--what-if looks at the test items).")
    for text in (said, markdown(found), junit(found), printed(found), found.model_dump_json()):
        assert "4.2" not in text
        assert "0.042" not in text
    (suite,) = JUnitXml.fromstring(junit(found).encode())
    assert (suite.failures, suite.skipped) == (1, 1)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "s.md"))
    (line,) = tell_github(found)
    assert line.startswith("::error title=gate legal::Failed: model")
    good = result(HIDDEN, PASSED, outcome="passed", part="gate")
    assert tell_github(good) == []
    (suite,) = JUnitXml.fromstring(junit(good).encode())
    assert (suite.failures, suite.errors, suite.skipped) == (0, 0, 0)
    assert sentences.verdict(good).startswith("Passed: model keeps all 2 rules")


def test_an_attempt_says_what_it_is_and_what_it_cost():
    second = Attempt(number=2, limit=10, alpha=0.05 / 6, spent=0.05 * 2 / 3)
    found = result(PASSED, attempt=second)
    assert sentences.level(found).startswith("Bounds are one-sided, 99.17% each, by test group")
    assert sentences.attempt(found) == (
        "Attempt 2 of 10 against this baseline; all so far may pass one wrongly with a chance of "
        "3.3%, of 5%.")
    assert sentences.level(result(PASSED)) == (
        "Bounds are one-sided, 95% each, by test group on the same items.")
    assert sentences.attempt(result(PASSED)) == ""
    kept = result(PASSED, attempt=second.model_copy(update={"kept": True}))
    assert "answered before (2026-01-01T00:00:00+00:00): this is that answer" in printed(kept)
    for text in (printed(found), markdown(found)):
        assert "Attempt 2 of 10" in text


@pytest.mark.parametrize(("checks", "words"), [
    ((PASSED,), "model keeps all 1 rules on 1,000 items."),
    ((FAILED,), "model does not keep the rules: accuracy against the baseline: -4.2 points")])
def test_a_look_is_never_a_pass(checks, words):
    found = result(*checks, outcome="looked", attempt=Attempt(number=3, limit=10, alpha=0.004,
                                                              spent=0.04))
    assert found.exit_code == 3
    assert sentences.verdict(found).startswith(f"Looked, which is no pass: {words}")
    assert "None was made, and nothing is written." in sentences.attempt(found)


def test_attempts_are_listed_with_what_came_of_them():
    begun = {"event": "attempt", "against": "a" * 64, "at": "now", "number": 1,
             "candidate": "x\x1b", "sha256_of_candidate": "b" * 64, "alpha": 0.025}
    ended = {"event": "outcome", "against": "a" * 64, "number": 1, "outcome": "passed"}
    found = Tried((begun, ended, begun | {"number": 2, "alpha": 0.05 / 6}), Path("s.log.jsonl"))
    assert found.verdict == "s.log.jsonl: 2 attempts, 1 passed"
    assert found.to_pandas()["outcome"].isna().tolist() == [False, True]
    console = Console(file=io.StringIO(), width=200)
    found.print_on(console)
    assert "\x1b" not in console.file.getvalue()
    assert "0.02500" in console.file.getvalue()
    assert Tried((), Path("s")).verdict == "s: attempts are not counted"
