"""The page on extending, as it is written: its package is installed, and its suite is run."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[1]
FILES = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", re.S)


@pytest.fixture(scope="module")
def extended(tmp_path_factory, encoder_folder):
    """Runs `python -m harness …` where the page's package is installed, beside its suite."""
    folder = tmp_path_factory.mktemp("extended")
    text = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    package, site = folder / "package", folder / "site"
    for name, content in FILES.findall(text):
        # Not beside the suite: Python would import it from there.
        path = folder / name if name.endswith(".yaml") else package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index",
                    "--no-build-isolation", "--target", site, package], check=True)
    (folder / "encoder").symlink_to(encoder_folder)
    lines = [f"__label__{label} {word} number {i}" for i in range(40)
             for label, word in (("fruit", "old pear"), ("metal", "new iron"))]
    (folder / "notices.txt").write_text("\n".join(lines), encoding="utf-8")
    (folder / "words.vec").write_text("3 2\npear 1 0.5\niron -1 0.5\nnumber 0 2\n")

    def run(*words):
        environment = os.environ | {"PYTHONPATH": f"{site}{os.pathsep}{ROOT}", "COLUMNS": "200",
                                    "HARNESS_CACHE": str(folder / "cache")}
        return subprocess.run([sys.executable, "-m", "harness", *words], cwd=folder,
                              env=environment, capture_output=True, text=True, check=False)

    run.folder, run.site = folder, site
    return run


@pytest.fixture(scope="module")
def ran(extended):
    """What `methods`, `plan` and `run` said, in this order: each costs the imports of a process.
    The records of that run are `extended.first`: tests in any order change the package's code."""
    done = [extended(*words) for words in
            (("methods",), ("plan", "notices.yaml"), ("run", "notices.yaml"))]
    extended.first = records(extended)
    return done


def study_headline(run):
    """The first sentence of the report."""
    return (run.folder / "reports" / "notices" / "report.md").read_text().partition("\n\n")[2]


def records(run):
    """By run id."""
    return {path.parent.name: json.loads(path.read_text())
            for path in (run.folder / "runs").glob("*/*/record.json")}


def test_a_package_s_method_and_reader_are_like_all_others(extended, ran):
    assert "centroids" in ran[0].stdout, ran[0].stderr
    for done in ran:
        assert done.returncode == 0, done.stdout + done.stderr
    found = [record for record in extended.first.values()
             if record["identity"]["label"] == "centroids"]
    assert {record["identity"]["backbone"] for record in found} == {"encoder", "words"}
    for record in found:
        assert record["status"]["state"] == "ok"
        assert len(record["trials"]) == 3
        assert record["quality"]["accuracy"] == 1.0


def on_words(run):
    """By method the runs of the package's backbone."""
    return {record["identity"]["label"]: record for record in run.first.values()
            if record["identity"]["backbone"] == "words"}


def test_a_package_s_backbone_is_like_all_others(extended, ran):
    """Its vectors tell the classes, its numbers are counted, and a kept run answers new texts."""
    assert ran[-1].returncode == 0
    found = on_words(extended)
    assert found.keys() == {"features", "knn", "centroids"}
    assert {record["quality"]["accuracy"] for record in found.values()} == {1.0}
    assert found["knn"]["size"] | {"artifact_bytes": 0, "held": {}} == {
        "trainable_parameters": 0, "total_parameters": 6, "artifact_bytes": 0, "held": {}}
    assert found["features"]["forgetting"] is None
    assert all("its texts' vectors are made by 'word-vectors'" in record["notes"]
               for record in found.values())
    run_id = found["features"]["identity"]["run_id"]
    table = extended.folder / "asked.csv"
    table.write_text("text\niron of late\na pear\n")
    done = extended("predict", run_id, "--suite", "notices.yaml", "--input", "asked.csv",
                    "--output", "said.parquet")
    assert done.returncode == 0, done.stderr
    said = pq.read_table(extended.folder / "said.parquet")
    assert said["prediction"].to_pylist() == ["metal", "fruit"]
    refused = extended("export", run_id, "--suite", "notices.yaml", "--to", "onnx")
    assert refused.returncode == 2
    assert "its vectors are made by another package ('word-vectors')" in refused.stderr


def test_a_package_s_metric_is_like_all_others(extended, ran):
    """It decides, chooses on validation, and stands in records and in the report with an interval;
    of runs of before, it is not there."""
    assert ran[-1].returncode == 0
    for record in records(extended).values():
        assert record["identity"]["metric"] == "balanced_accuracy"
        by_class = [each["recall"] for each in record["quality"]["per_class"]]
        assert record["quality"]["others"] == {
            "balanced_accuracy": pytest.approx(sum(by_class) / len(by_class))}
    study = json.loads((extended.folder / "reports" / "notices" / "study.json").read_text())
    rows = {row["name"]: row["common"]["balanced_accuracy"] for row in study["summary"]["rows"]}
    floor = rows["majority"]
    assert floor["mean"] == 0.5
    assert floor["low"] < 0.5 < floor["high"]
    assert "balanced accuracy" in study_headline(extended)
    assert "balanced accuracy" in (extended.folder / "reports/notices/report.md").read_text()


def test_a_metric_or_backbone_that_there_is_not_is_named_with_those_that_there_are(extended):
    path = extended.folder / "notices.yaml"
    text = path.read_text()
    path.write_text(text.replace("balanced_accuracy", "balanced_acuracy"))
    done = extended("plan", "notices.yaml")
    path.write_text(text.replace("reader: word-vectors", "reader: word-vector"))
    misspelt = extended("plan", "notices.yaml")
    path.write_text(text)
    assert misspelt.returncode == 2
    assert "there is no reader of a backbone of kind vectors 'word-vector'" in misspelt.stderr
    assert "word-vectors" in misspelt.stderr.partition("'word-vector'")[2]
    assert done.returncode == 2
    assert "decide.metric: balanced_acuracy is not of a task of kind classification" in done.stderr
    assert "balanced_accuracy" in done.stderr.partition("choose one of")[2]


def test_a_run_is_named_by_the_code_of_its_package(extended, ran):
    """And by no other run's: a word in the method makes its own runs anew."""
    method = extended.site / "acme_harness" / "centroids.py"
    text = method.read_text()
    assert ran[-1].returncode == 0
    before = records(extended)
    method.write_text("# A remark.\n" + text)
    assert extended("run", "notices.yaml").returncode == 0
    assert records(extended).keys() == before.keys()
    method.write_text(text.replace("(10.0, 3.0, 30.0)", "(20.0, 3.0, 30.0)"))
    assert extended("run", "notices.yaml").returncode == 0
    method.write_text(text)
    after = records(extended)
    assert before.keys() < after.keys()
    anew = after.keys() - before.keys()
    assert [after[run]["identity"]["method"] for run in anew] == ["centroids"] * 2
    words = extended.site / "acme_harness" / "word_vectors.py"
    text = words.read_text()
    words.write_text(text.replace("text.lower().split()", "text.split()"))
    assert extended("run", "notices.yaml").returncode == 0
    words.write_text(text)
    anew = [record for run, record in records(extended).items() if run not in after]
    assert {record["identity"]["backbone"] for record in anew} == {"words"}
    assert len(anew) == 3


def test_a_line_that_its_reader_refuses_is_named(extended):
    notices = extended.folder / "notices.txt"
    text = notices.read_text()
    notices.write_text(text + "\nno label at all")
    done = extended("check", "notices.yaml")
    notices.write_text(text)
    assert done.returncode == 2
    assert "notices.txt, line 81: 0 labels" in done.stderr


@pytest.mark.parametrize(("module", "words"), [
    ("fasttext", ("check", "notices.yaml")), ("centroids", ("methods",)),
    ("balanced", ("plan", "notices.yaml")), ("word_vectors", ("plan", "notices.yaml"))])
def test_a_package_that_cannot_be_imported_is_named(extended, module, words):
    path = extended.site / "acme_harness" / f"{module}.py"
    text = path.read_text()
    path.write_text("import nothing_of_this_name\n" + text)
    done = extended(*words)
    path.write_text(text)
    assert done.returncode == 2
    assert "package acme-harness: its entry point harness." in done.stderr
    assert "No module named 'nothing_of_this_name'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_that_there_is_already_is_named(extended):
    path = extended.site / "acme_harness" / "centroids.py"
    text = path.read_text()
    path.write_text(text.replace('register("centroids")', 'register("knn")'))
    done = extended("methods")
    path.write_text(text)
    assert done.returncode == 2
    assert "method 'knn' is registered twice" in done.stderr
