"""Suites' headers: written from a study, and as the published reports say."""

import subprocess
from pathlib import Path

import pytest
from synthetic import published

from benchmarks.headers import aligned, header, main, with_header
from harness.common.errors import HarnessError
from harness.report.published import read_published
from harness.suite import load_suite

ROOT = Path(__file__).parents[2]
SUITES = sorted(path.stem for path in (ROOT / "suites").glob("*.yaml"))


def kept(path):
    """A file as it is committed or staged, for `make suite` writes reports anew; as it is where
    git does not have it. None without it."""
    found = subprocess.run(["git", "show", f":{path}"], cwd=ROOT, capture_output=True, text=True,
                           check=False)
    if found.returncode == 0:
        return found.stdout
    return (ROOT / path).read_text() if (ROOT / path).exists() else None


def text_of(suite):
    return kept(f"suites/{suite}.yaml")


def rows_of(suite):
    """The header's lines as cells, which two spaces part."""
    comment = text_of(suite).partition("\nname: ")[0]
    return [[cell.strip() for cell in line[2:].split("  ") if cell.strip()]
            for line in comment.splitlines()]


@pytest.mark.parametrize("suite", SUITES)
def test_a_header_says_what_the_published_report_says(suite):
    report = kept(f"reports/{suite}/report.md")
    profile = load_suite(ROOT / "suites" / f"{suite}.yaml").profile
    if report is None or f"profile `{profile}`" not in report:
        pytest.skip("no published report of the suite's default profile")
    table = report.partition("| method | backbone |")[2].split("\n\n")[0]
    # method, backbone, metric, interval, how it stands to the best, accuracy
    said = [[cell.strip() for cell in line.split("|")[1:7]] for line in table.splitlines()[2:]]
    assert len(said) > 5
    written = [row[:5] for row in rows_of(suite)]
    for method, backbone, metric, interval, _, beside in said:
        assert [method, backbone, metric, interval, beside] in written


def test_the_legal_suite_s_header_is_written_from_its_study(tmp_path):
    (tmp_path / "study.json").write_text(kept("reports/legal/study.json"))
    study = read_published(tmp_path / "study.json")
    assert with_header(text_of("legal"), header(study, "quick")) == text_of("legal")


def test_the_first_line_and_the_suite_stay_and_the_rest_of_the_comment_goes():
    text = "# A question?\n#\n# old figures\nname: a\n\n# of the task\ntask: {}\n"
    assert with_header(text, ["new", "", "figures"]) == (
        "# A question?\n#\n# new\n#\n# figures\nname: a\n\n# of the task\ntask: {}\n")
    assert with_header(with_header(text, ["b"]), ["new", "", "figures"]) == with_header(
        text, ["new", "", "figures"])
    assert with_header("# A question?\nname: a\n", ["b"]) == "# A question?\n#\n# b\nname: a\n"


def test_a_table_of_a_study():
    study = published({"good": 2.0, "poor": 0.2}, seeds=2)
    lines = header(study, "quick")
    row = study.summary.rows[0]
    figure = row.common["macro_f1"]
    assert "make suite TASK=synthetic`" in " ".join(lines)
    assert "PROFILE=quick" in " ".join(header(study, "standard"))
    best = lines[lines.index("") + 2]
    assert best.split("  ")[0] == "good"
    assert f"{figure.mean:.3f} ± {figure.sd:.3f}" in best
    assert f"{figure.low:.3f} to {figure.high:.3f}" in best
    assert best.split()[-2:] == ["150", "2"]
    assert len(lines) == lines.index("") + 2 + len(study.summary.rows)


def test_columns_stand_under_each_other():
    assert aligned([["a", "bb"], ["ccc", "d"]]) == ["a    bb", "ccc  d"]


def test_a_suite_without_a_study_is_refused_and_stays(monkeypatch, tmp_path):
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "x.yaml").write_text("# A?\nname: x\n")
    monkeypatch.setattr("benchmarks.headers.ROOT", tmp_path)
    with pytest.raises(HarnessError, match=r"study\.json: No such file"):
        main(["x"])
    assert (tmp_path / "suites" / "x.yaml").read_text() == "# A?\nname: x\n"
