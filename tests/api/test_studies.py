"""the Python API: what the commands do, as values."""

import subprocess
import sys

import pandas as pd
import pytest
import yaml

import harness
from harness.api import NAMES
from harness.common.errors import HarnessError
from harness.common.provenance import closure, sources


@pytest.fixture(scope="module")
def folder(tmp_path_factory, encoder_folder, decoder_folder):
    from tiny import sentences, suite_dict

    folder = tmp_path_factory.mktemp("api")
    value = suite_dict(encoder_folder, decoder_folder)
    del value["backbones"]["dec"]
    value["backbones"]["enc"]["methods"] = ["knn", "features"]
    value["budget"] |= {"seeds": 1, "trials": 1}
    sentences().to_csv(folder / "data.csv", index=False)
    (folder / "tiny.yaml").write_text(yaml.safe_dump(value, sort_keys=False))
    return folder


@pytest.fixture(scope="module")
def places(folder):
    return {"suites": folder, "runs": folder / "runs", "reports": folder / "reports"}


@pytest.fixture(scope="module")
def study(places):
    return harness.run("tiny", **places, wandb=False)


def test_a_study_is_a_value(study, places):
    assert study.incomplete == 0
    frame = study.to_pandas()
    assert set(frame["method"]) == {"majority", "tfidf", "knn", "features"}
    assert frame["accuracy"].between(0, 1).all()
    assert study.page == places["reports"] / "tiny" / "index.html"
    assert study.page.exists()
    assert study.verdict == harness.report("tiny", **places).verdict
    assert study.plot().data


def test_progress_is_a_line_a_run_and_results_are_left_to_who_asked(study, places, capsys):
    harness.run("tiny", **places, wandb=False, fresh=True)
    said = capsys.readouterr().out
    assert "[4/4]" in said
    assert study.verdict not in said


def test_a_path_is_a_suite_too(study, folder, places):
    found = harness.plan(folder / "tiny.yaml", suites=folder, runs=places["runs"])
    assert found.outline.left == 0
    assert found.verdict == "all 4 runs are kept: nothing to compute"
    assert set(found.to_pandas()["left"]) == {0}


def test_errors_in_data_are_findings_and_stop_a_run(folder, tmp_path):
    data = pd.read_csv(folder / "data.csv")
    again = data.head(40).assign(label=data["label"].shift(-2).head(40).fillna("fruit"))
    pd.concat([data, again[again["label"] != data["label"].head(40)]]).to_csv(
        tmp_path / "data.csv", index=False)
    (tmp_path / "tiny.yaml").write_text((folder / "tiny.yaml").read_text())
    found = harness.check("tiny", suites=tmp_path)
    assert [error.check for error in found.errors] == ["conflicts"]
    assert "cannot be run: 1 errors" in found.verdict
    with pytest.raises(HarnessError, match="has 1 errors"):
        harness.run("tiny", suites=tmp_path, runs=tmp_path, reports=tmp_path, wandb=False)


def test_two_runs_are_set_side_by_side(study, places):
    names = [study.run_id("tfidf"), study.run_id("majority")]
    found = harness.compare(names, runs=places["runs"])
    assert found.differences.keys() >= {"accuracy", "macro_f1"}
    with pytest.raises(HarnessError, match="a study and a run"):
        harness.compare([names[0], "tiny"], runs=places["runs"], reports=places["reports"])


def test_a_run_is_carried_out_again(study, folder, places):
    found = harness.reproduce(study.run_id("tfidf"), suites=folder, runs=places["runs"])
    assert found.same
    assert found.verdict == "reproduced"
    assert found.to_pandas()["surroundings"].all(), "no figure differs"


def test_what_cannot_be_meant_is_said(places):
    with pytest.raises(HarnessError, match="Did you mean 'tiny'"):
        harness.run("tinny", **places)


def test_the_api_imports_nothing_before_it_is_called():
    code = ("import sys, harness; print(sorted(harness.__all__) == harness.__all__);"
            "print(len([name for name in sys.modules if name.startswith('harness')]));"
            "harness.run; harness.check;"
            "print({'torch', 'numpy', 'pandas', 'rich'} & set(sys.modules))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "2", "set()"]


def test_a_room_of_the_same_name_does_not_hide_the_function():
    from harness.check.finding import Finding
    from harness.compare.pairs import Difference

    assert Finding.__module__ == "harness.check.finding"
    assert Difference.__module__ == "harness.compare.pairs"
    assert set(harness.__all__) <= set(dir(harness)), "names are completed"
    for name in harness.__all__:
        found = getattr(harness, name)
        assert callable(found)
        assert found.__name__ == name
        assert found.__module__.startswith("harness.api.")
        assert found.__doc__
    with pytest.raises(AttributeError, match="cannot be set"):
        harness.check = print
    with pytest.raises(AttributeError):
        _ = harness.nothing


def test_type_checkers_are_told_the_same_names():
    import ast
    from pathlib import Path

    stub = ast.parse(Path(harness.__file__).with_suffix(".pyi").read_text())
    told = {(node.module, alias.name, alias.asname) for node in stub.body
            if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert told == {(module, name, name) for name, module in NAMES.items()}


def test_no_run_is_renewed_by_the_api():
    """What is in the package's own file would be part of all that computes."""
    found = closure(["harness.study.work", "harness.study.queued"], (), sources())
    assert "harness" in found
    assert not any(name.startswith(("harness.api", "harness.commands")) for name in found)
