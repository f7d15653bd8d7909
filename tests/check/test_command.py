"""`harness check`, and what a run does with its findings."""

import pandas as pd
import pytest
from command_line import harness

from harness.report.published import read_published


def places(tmp_path):
    return ("--runs", tmp_path / "runs", "--reports", tmp_path / "reports")


@pytest.fixture
def contradictory(suite_file):
    """The suite, with a third of its texts under two classes."""
    path = suite_file.parent / "data.csv"
    data = pd.read_csv(path)
    again = data.head(40).assign(label=data["label"].shift(-2).head(40).fillna("fruit"))
    pd.concat([data, again[again["label"] != data["label"].head(40)]]).to_csv(path, index=False)
    return suite_file


def test_a_sound_suite_has_no_errors(suite_file):
    said = harness("check", suite_file)
    assert said.code == 0, said.all
    assert "error" not in said.out
    assert "power: 18 test items show no difference in accuracy of up to 20 points" in said.out


def test_errors_are_exit_1_and_stop_a_run_before_anything_is_spent(contradictory, tmp_path):
    said = harness("check", contradictory)
    assert said.code == 1, said.all
    assert "error conflicts:" in said.out
    assert "Mend the labels" in said.out
    run = harness("run", contradictory, *places(tmp_path))
    assert run.code == 2, run.all
    assert "the data of tiny has 1 errors" in run.err
    assert not list(tmp_path.glob("runs/*/*/record.json"))


def test_warnings_go_into_the_report(suite_file, tmp_path):
    text = suite_file.read_text()
    head, tail = text.split("  dec:", 1)
    suite_file.write_text(head.replace("    - features\n    - full\n", "") + "budget:"
                          + tail.split("budget:")[-1])
    said = harness("run", suite_file, *places(tmp_path))
    assert said.code == 0, said.all
    assert "warning power:" in said.out
    folder = tmp_path / "reports" / "tiny"
    study = read_published(folder / "study.json").study
    assert "power" in {f.check for f in study.findings if f.severity == "warning"}
    for name in ("index.html", "report.md"):
        assert "18 test items show no difference in accuracy" in (folder / name).read_text()
