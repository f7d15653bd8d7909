"""Texts, labels and names that attack the page, the terminal, the spreadsheet and the disk; and
secrets around them, which stay where they are."""

import csv
import getpass
import json
import re
import socket
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from attack import LABELS, SLICE, TEXT, rows
from browsed import browsed
from command_line import controls, harness, refused
from study import PERSON, SECRET, run_id
from tiny import sentences

STAGED = re.compile(rb"/[^\0]{0,300}?/artifacts/staging/\w+")
"""Where W&B puts tables until they are sent: it names that place in its own file."""
WRITTEN = ("runs", "reports", "gate", "baselines", "cache", "suites", "step.md")
LIVE = re.compile(r"<(script|img|b|i)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def page(attacked):
    path = attacked.folder / "reports" / "attack" / "index.html"
    with browsed(path, "#calibration-figure .main-svg") as tab:
        yield tab


def test_the_page_runs_nothing_of_the_data(page):
    assert page.said == []
    assert page.title() == "Attack"
    assert page.locator("img").count() == 0
    assert page.locator("a[href^=javascript]").count() == 0
    assert "<script>document.title='owned'</script>" in page.inner_text("body")


def test_every_table_downloads_without_formulas(page):
    names = page.locator("button[data-csv]").evaluate_all("all => all.map(b => b.dataset.csv)")
    assert {"main-table", "disagreements-table"} <= set(names)
    found = []
    for name in names:
        with page.expect_download() as download:
            page.evaluate(f"document.querySelector('button[data-csv={name}]').click()")
        for row in csv.reader(download.value.path().read_text().splitlines()):
            found += row
    assert "'=cmd|'/c calc'!A1" in found
    number = re.compile(r"[+-][\d.][\d.,e%\s\[\]+-]*")
    assert [c for c in found if c[:1] in ("=", "@", "+", "-", "\t") and not number.fullmatch(c)
            ] == []


def test_no_command_sends_codes_to_a_terminal(attacked):
    there = ("--runs", attacked.folder / "runs")
    reports = ("--reports", attacked.folder / "reports")
    kept = ("--baselines", attacked.folder / "baselines")
    asked = [("plan", attacked.suite, *there), ("report", attacked.suite, *there, *reports),
             ("compare", "attack", "attack", *reports), ("baseline", "show", "attack", *kept),
             ("baseline", "history", "attack", *kept),
             ("suites", "--suites", attacked.suite.parent),
             ("gate", run_id(attacked.folder, "majority"), "--suite", attacked.suite, *there, *kept,
              "--output", attacked.folder / "gate2")]
    said = [attacked.ask(*words, FORCE_COLOR="1") for words in asked]
    assert [s.code for s in said] == [0, 0, 0, 0, 0, 0, 1], [s.err for s in said]
    for shown in (attacked.init, attacked.run, attacked.gate, *said):
        assert controls(shown.all) == "", shown.all[:2000]
        assert "fault of the harness" not in shown.err
    assert "[bold red]x[/]" in attacked.init.out, "markup of the data is shown, not obeyed"


def test_markdown_and_junit_hold_text_alone(attacked):
    for name in ("reports/attack/report.md", "gate/gate.md", "step.md"):
        text = (attacked.folder / name).read_text()
        assert not LIVE.search(text), name
        assert controls(text) == "", name
        assert "](javascript" not in text.replace("\\]", ""), name
        for line in text.splitlines():
            assert not line.startswith("::"), name
    assert "etc/passwd" in (attacked.folder / "gate" / "gate.md").read_text()
    xml = (attacked.folder / "gate" / "junit.xml").read_text()
    ElementTree.fromstring(xml)  # noqa: S314  (our own text: is it XML?)
    assert controls(xml) == ""
    lines = [line for line in attacked.gate.out.splitlines() if line.startswith("::")]
    assert lines
    assert all(line.startswith("::error title=gate attack") for line in lines)


def test_nothing_is_written_outside_the_folders_named(attacked):
    here = {p.name for p in attacked.folder.iterdir()}
    assert here <= {"data.csv", "suites", "runs", "reports", "cache", "baselines", "gate", "gate2",
                    "marker-person", "step.md", "out.parquet"}
    for place in ("runs", "reports", "gate", "cache", "baselines"):
        for path in (attacked.folder / place).rglob("*"):
            assert re.fullmatch(r"[\w.+=@-]+", path.name), path
    assert not list((attacked.folder / "suites").rglob("passwd"))


def test_predictions_name_the_classes_as_they_are(attacked):
    output = attacked.folder / "out.parquet"
    said = attacked.ask("predict", run_id(attacked.folder, "tfidf"), "--suite", attacked.suite,
                        "--runs", attacked.folder / "runs", "--input",
                        attacked.folder / "data.csv", "--output", output)
    assert said.code == 0, said.err
    assert controls(said.all) == ""
    found = pq.read_table(output).to_pandas()
    assert set(found["prediction"]) <= set(LABELS)
    assert {c[2:] for c in found if c.startswith("p:")} == set(LABELS)
    assert len(found) == len(rows())


def test_a_prompt_in_a_text_stays_one_item_of_its_class(attacked):
    """What a text says changes no other answer, and nothing of it is filled in as a template."""
    record = json.loads(next(
        path.read_text() for path in (attacked.folder / "runs" / "attack").rglob("record.json")
        if path.parent.name == run_id(attacked.folder, "zero-shot")))
    assert record["status"]["state"] == "ok"
    study = (attacked.folder / "reports" / "attack" / "study.json").read_text()
    assert "{{ 7 * 7 }} {text} {options}" in study
    assert "49 " + TEXT not in study


@pytest.mark.parametrize(("content", "words"), [
    (b"text,label\na,b\nc\0d,e\n", "NUL byte"), (b"", "is empty"),
    (b"\x1b]0;owned\x07,b\n1,2\n", "there is no column 'text'")])
def test_data_that_is_none_is_refused(tmp_path, content, words):
    (tmp_path / "data.csv").write_bytes(content)
    refused(harness("init", "x", "--data", tmp_path / "data.csv", "--text", "text", "--label",
                    "label", "--suites", tmp_path / "suites"), words)
    assert not list(tmp_path.rglob("*.yaml"))


def test_a_column_s_name_cannot_break_out_of_the_suite(tmp_path):
    frame = sentences().rename(columns={"text": 'x": !!python/name:os.system\n- ', "source": SLICE})
    frame.to_csv(tmp_path / "data.csv", index=False)
    said = harness("init", "x", "--data", tmp_path / "data.csv", "--text",
                   'x": !!python/name:os.system\n- ', "--label", "label", "--slice", SLICE,
                   "--suites", tmp_path / "suites")
    assert said.code == 0, said.err
    assert [p.name for p in Path(tmp_path / "suites").iterdir()] == ["x.yaml"]


def contents(folder):
    for name in WRITTEN:
        place = folder / name
        for path in [place] if place.is_file() else place.rglob("*"):
            if path.is_file() and not path.is_symlink():
                yield path, path.read_bytes()


def test_no_file_holds_a_secret(attacked):
    files = dict(contents(attacked.folder))
    assert any(path.suffix == ".wandb" for path in files), "W&B did log"
    assert any(path.name == "gate.json" for path in files)
    assert [path for path, data in files.items() if SECRET.encode() in data] == []
    assert not any(SECRET in said.all for said in (attacked.init, attacked.run, attacked.gate))


@pytest.mark.parametrize("what", ["person", "home", "host", "interpreter", "folder"])
def test_no_file_of_results_names_the_machine_or_the_user(attacked, what):
    host, user = socket.gethostname(), getpass.getuser()
    sought = {"person": PERSON, "home": str(Path.home()) + "/", "interpreter": sys.executable,
              "host": host if len(host) > 4 else PERSON,
              "folder": str(attacked.folder)}[what]
    found = [path for path, data in contents(attacked.folder)
             if sought.encode() in STAGED.sub(b"", data)
             and path.suffix not in (".lock", ".yaml") and path.name != "debug.log"
             and not path.is_relative_to(attacked.folder / "cache")]
    assert found == [], user
