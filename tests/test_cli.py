import subprocess
import sys
from pathlib import Path

import pytest
from command_line import harness, refused

from harness.report.alike import hangs_on
from harness.report.published import read_published

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def in_the_checkout(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_the_program_starts():
    done = subprocess.run([sys.executable, "-m", "harness", "suites"], cwd=ROOT, text=True,
                          capture_output=True, timeout=1800, check=False)
    assert done.returncode == 0, done.stderr
    assert "legal" in done.stdout


@pytest.mark.parametrize(("words", "found"), [
    (["suites"], ["legal", "privacy", "smoke, quick, standard"]),
    (["methods"], ["prefix-tuning", "rag+METHOD", "zero-shot"]),
    (["doctor"], ["bf16 in hardware", "torch", "cache"]),
])
def test_listings(words, found):
    done = harness(*words)
    assert done.code == 0, done.err
    for text in found:
        assert text in done.out


def test_a_plan_computes_nothing(suite_file, tmp_path):
    done = harness("plan", suite_file, "--runs", tmp_path / "runs")
    assert done.code == 0, done.err
    assert "13 to do" in done.out
    assert not list(tmp_path.glob("runs/*/*"))


@pytest.mark.parametrize(("old", "new", "found"), [
    ("- full", "- ful", "Did you mean 'full'?"),
    ("seeds: 2", "seeds: two", "budget.seeds"),
    ("text: text", "text: txt", "no column 'txt'"),
    ("file: data.csv", "file: date.csv", "Did you mean 'data.csv'?"),
])
def test_bad_requests_are_two_lines_and_exit_2(suite_file, old, new, found):
    suite_file.write_text(suite_file.read_text().replace(old, new, 1))
    done = harness("run", suite_file, "--runs", suite_file.parent / "runs")
    assert done.code == 2
    assert found in done.err
    assert "Traceback" not in done.err + done.out
    assert len(done.err.strip().splitlines()) <= 2
    assert "Traceback" in harness("run", suite_file, "--debug").err


def test_forgetting_of_a_model_that_is_not_there_is_refused(suite_file, tmp_path):
    suite_file.write_text(suite_file.read_text().replace(
        "measure:\n", "measure:\n  forgetting: {passages: 5}\n"))
    refused(harness("forget", tmp_path / "nowhere", "--base", "enc", "--suite", suite_file),
            "there is no such folder")


def test_a_report_before_any_run_says_what_to_do(suite_file, tmp_path):
    done = harness("report", suite_file, "--runs", tmp_path / "no", "--reports", tmp_path / "no")
    assert done.code == 2
    assert "Run `harness run" in done.err


def test_what_cannot_be_compared_is_refused(tmp_path):
    from synthetic import drawn_study

    from harness.report.published import publish, published_json

    for name, decide in (("one", "macro_f1"), ("other", "accuracy")):
        study, tables = drawn_study({"a": 2.0})
        study = study.model_copy(update={
            "decide": study.decide.model_copy(update={"metric": decide})})
        (tmp_path / name).mkdir()
        (tmp_path / name / "study.json").write_text(
            published_json(publish(study, tables.__getitem__, {})))
    done = harness("compare", "one", tmp_path / "one" / "study.json", "--reports", tmp_path)
    assert done.code == 0, done.err
    assert "Use a (b)" in done.out
    for second, reason in (("other", "their metric differ"), ("none", "neither a study"),
                           ("0123456789abcdef", "neither a study")):
        done = harness("compare", "one", second, "--reports", tmp_path, "--runs", tmp_path)
        assert done.code == 2
        assert reason in done.err
        assert "Traceback" not in done.err


def test_methods_are_ranked_over_suites(tmp_path):
    from synthetic import drawn_study

    from harness.report.published import publish, published_json

    for name in ("one", "two"):
        study, tables = drawn_study({"a": 2.0, "b": 0.5})
        study = study.model_copy(update={"suite": name})
        (tmp_path / name).mkdir()
        (tmp_path / name / "study.json").write_text(
            published_json(publish(study, tables.__getitem__, {})))
    done = harness("compare", "one", "two", "--reports", tmp_path, "--output", tmp_path / "r.html")
    assert done.code == 0, done.err
    assert "Lowest mean rank over these 2 suites: a (b), 1.00 of 3." in done.out
    assert "one, macro F1" in (tmp_path / "r.html").read_text()
    done = harness("compare", "one", "two", "one", "--reports", tmp_path)
    assert done.code == 2
    assert "3 studies, runs or exports, which are not studies of as many suites" in done.err


def test_a_failed_run_is_exit_1(suite_file, tmp_path):
    text = suite_file.read_text()
    head, tail = text.split("  enc:", 1)
    tail = tail.replace("- knn", "- peft: {peft_type: LORA, target_modules: [nothing]}", 1)
    tail = tail.replace("    - features\n    - full\n", "", 1)
    suite_file.write_text(head + "  enc:" + tail.split("  dec:")[0]
                          + "budget: {train: 12, validation: 6, test: 6, trials: 1, seeds: 1}\n")
    done = harness("run", suite_file, "--runs", tmp_path / "runs", "--reports", tmp_path / "rep")
    assert done.code == 1, done.err + done.out
    assert "PEFT cannot put LORA" in done.out
    page = (tmp_path / "rep" / "tiny" / "index.html").read_text()
    assert "PEFT cannot put LORA" in page
    shown = harness("report", suite_file, "--runs", tmp_path / "gone", "--reports",
                    tmp_path / "rep")
    assert shown.code == 0, "the page is rebuilt from study.json alone"
    assert (tmp_path / "rep" / "tiny" / "index.html").read_text() == page
    again = ("report", suite_file, "--runs", tmp_path / "gone", "--reports", tmp_path / "rep")
    published = read_published(tmp_path / "rep" / "tiny" / "study.json")
    assert harness(*again, "--require", "use").code == int(
        published.verdict.answer != "use" or bool(hangs_on(published)))
