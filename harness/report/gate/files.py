"""What the gate writes: `gate.json`, `gate.md`, `junit.xml`, and what GitHub Actions reads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from harness.common.files import write_atomic
from harness.common.text import plain
from harness.common.unwritable import writing
from harness.gate.verdict import GateResult, fails
from harness.report.gate import sentences
from harness.report.gate.markdown import PICTURES, markdown
from harness.suite.gate import Tier

SUMMARY = "GITHUB_STEP_SUMMARY"
COMMANDS: Mapping[Tier, str] = {"must": "error", "should": "warning", "note": "notice"}

JSON, MARKDOWN, JUNIT = "gate.json", "gate.md", "junit.xml"
NONE: Mapping[str, bytes] = {}


def forget_gate(folder: Path) -> None:
    """Remove what an earlier gate wrote: where this one ends early, nothing may look like its
    verdict."""
    with writing(folder / JSON):
        for name in (JSON, MARKDOWN, JUNIT):
            (folder / name).unlink(missing_ok=True)
        for path in (folder / PICTURES).glob("*.webp"):
            path.unlink()


def write_gate(result: GateResult, folder: Path, pictures: Mapping[str, bytes] = NONE) -> None:
    """Write the three files, and beside them the small pictures (WebP) of changed items, by item.
    """
    write_atomic(folder / JSON, result.model_dump_json(indent=1) + "\n")
    for item, picture in pictures.items():
        write_atomic(folder / PICTURES / f"{item}.webp", picture)
    write_atomic(folder / MARKDOWN, markdown(result, pictures))
    write_atomic(folder / JUNIT, junit(result))


def junit(result: GateResult) -> str:
    """A test case a rule: a failure where it fails, an error where nothing can be said. One that
    should hold and does not is skipped, with the warning; of one to note it is the output."""
    suite = TestSuite(f"gate {result.suite}")
    for check in result.checks:
        name = check.rule if check.tier == "must" else f"{check.tier}: {check.rule}"
        case = TestCase(name, classname=f"gate.{result.suite}", time=0.0)
        if check.state == "withheld":
            case.result = [] if result.outcome == "passed" else [Skipped("not told")]
        elif check.state != "passed":
            said = plain(sentences.finding(check))
            if check.tier == "note":
                case.system_out = said
            else:
                ended = (Skipped if check.tier == "should" else
                         Failure if fails(check, result.policy) else Error)
                case.result = [ended(said, check.state)]
        suite.add_testcase(case)
    if any(check.state == "withheld" for check in result.checks):
        suite.add_testcase(_verdict_case(result))
    suite.add_property("verdict", plain(sentences.verdict(result)))
    xml = JUnitXml("harness gate")
    xml.add_testsuite(suite)
    suite.time = xml.time = round(result.seconds, 3)
    return str(xml.tostring().decode())


def _verdict_case(result: GateResult) -> TestCase:
    """Where rules do not tell what came of them, something must."""
    case = TestCase("verdict", classname=f"gate.{result.suite}", time=0.0)
    if result.outcome != "passed":
        ended = Failure if result.outcome == "failed" else Error
        case.result = [ended(plain(sentences.verdict(result)), result.outcome)]
    return case


def tell_github(result: GateResult) -> list[str]:
    """Append the Markdown to the step's summary, when there is one; the lines to print besides.

    The lines are workflow commands: one a rule that did not pass, `::error` where it must hold,
    `::warning` where it should, and `::notice`.
    """
    path = os.environ.get(SUMMARY)
    if not path:
        return []
    try:
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(markdown(result))
    except OSError as error:  # the verdict stands, whoever can be told
        return [f"::warning::cannot write the step's summary: {error.strerror}"]
    lines = [_command(check.tier, f"gate {result.suite}: {check.rule}", sentences.finding(check))
             for check in result.checks if check.state not in ("passed", "withheld")]
    if result.outcome != "passed" and not any(line.startswith("::error") for line in lines):
        lines.append(_command("must", f"gate {result.suite}", sentences.verdict(result)))
    return lines


def _command(tier: Tier, title: str, said: str) -> str:
    return f"::{COMMANDS[tier]} title={_escaped(title, True)}::{_escaped(said, False)}"


def _escaped(text: str, in_property: bool) -> str:
    """As the workflow command syntax of GitHub Actions asks (actions/toolkit, command.ts)."""
    pairs = [("%", "%25"), ("\r", "%0D"), ("\n", "%0A")]
    pairs += [(":", "%3A"), (",", "%2C")] if in_property else []
    for character, code in pairs:
        text = text.replace(character, code)
    return text
