"""What commands import before they say what they were asked: time is measured in benchmarks."""

import ast
import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

import harness
from harness.common.cache import cache_folder
from harness.methods import register_all
from harness.methods.catalogue import catalogue, registered
from harness.methods.method import METHODS

ROOT = Path(harness.__file__).parent
HEAVY = {"torch", "transformers", "peft", "sentence_transformers", "tokenizers", "accelerate",
         "datasets", "lm_eval", "sklearn", "scipy", "pandas", "pyarrow", "numpy", "faiss",
         "plotly", "wandb", "ray", "onnx", "onnxruntime"}


def imported(*words, code=0):
    """Top-level packages that a command imports, in a process of its own, and what it said."""
    done = subprocess.run([sys.executable, "-X", "importtime", "-m", "harness", *map(str, words)],
                          capture_output=True, text=True, check=False,
                          env={**os.environ, "HARNESS_CACHE": str(cache_folder())})
    assert done.returncode == code, done.stderr[-500:]
    lines = done.stderr.splitlines()
    names = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in lines
             if line.startswith("import time:")}
    assert "harness" in names
    return names, done.stdout + "\n".join(
        line for line in lines if not line.startswith("import time:"))


@pytest.mark.parametrize(("words", "code", "said"), [
    (("--help",), 0, "Commands"), (("suites",), 0, "legal"), (("methods",), 0, "rag+METHOD"),
    (("doctor", "--help"), 0, "bf16"), (("run", "--help"), 0, "--profile"),
    (("sutes",), 2, "suites"), (("run", "--profil", "x"), 2, "--profile"),
    (("run", "leagl"), 2, "Did you mean 'legal'?"), (("plan", "leagl"), 2, "Did you mean 'legal'?"),
    (("check", "legal", "--profile", "smok"), 2, "Did you mean 'smoke'?"),
    (("report", "leagl"), 2, "Did you mean 'legal'?"),
    (("gate", "0" * 16, "--suite", "leagl"), 2, "Did you mean 'legal'?"),
    (("export", "0" * 16, "--suite", "leagl", "--to", "onnx"), 2, "Did you mean 'legal'?"),
])
def test_what_needs_no_arithmetic_imports_no_library_of_it(words, code, said):
    catalogue()
    names, text = imported(*words, code=code)
    assert said in text
    assert names & HEAVY == set()


@pytest.mark.parametrize("command", ["run", "plan"])
def test_a_misspelt_method_is_said_before_the_libraries_are_imported(suite_file, command):
    catalogue()
    suite_file.write_text(suite_file.read_text().replace("- features", "- featurs"))
    names, text = imported(command, suite_file, code=2)
    assert "there is no method 'featurs'" in text
    assert "Did you mean 'features'?" in text
    assert "tiny.yaml" in text
    assert names & HEAVY == set()


def test_a_candidate_that_there_is_not_is_said_before_the_libraries_are_imported(suite_file):
    catalogue()
    names, text = imported("gate", "nothing", "--suite", suite_file, code=2)
    assert "'nothing' is neither a run in runs/ nor a folder" in text
    assert names & HEAVY == set()


def test_the_catalogue_is_the_registry():
    """A method's one file is enough: whatever it registers is listed, with all that lists say."""
    register_all()
    rows = catalogue()
    assert set(rows) == set(METHODS)
    assert tuple(rows.values()) == registered()
    for name, row in rows.items():
        method = METHODS[name]
        assert (row.family, row.needs, row.unable, row.fails, row.summary) == (
            method.family, method.needs, method.unable, method.fails, method.summary)


def test_the_catalogue_is_made_again_when_code_or_libraries_change(monkeypatch):
    from harness.methods import catalogue as module

    catalogue()
    made = []
    monkeypatch.setattr(module, "registered", lambda: made.append("again") or registered())
    real = module.provenance
    monkeypatch.setattr(module, "provenance",
                        lambda *names: dataclasses.replace(real(*names), code_sha256="other code"))
    module.catalogue()
    monkeypatch.setattr(module, "provenance",
                        lambda *names: dataclasses.replace(real(*names), libraries={"peft": "0"}))
    module.catalogue()
    module.catalogue()
    assert made == ["again", "again"]


@pytest.mark.parametrize("file", ["api/studies.py", "api/gates.py"])
def test_commands_that_compute_choose_first_how_threads_wait(file: str) -> None:
    """The variables are read once, when a library with OpenMP is loaded."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    for command in [node for node in tree.body if isinstance(node, ast.FunctionDef)
                    and not node.name.startswith("_")]:
        lines = {ast.unparse(node): node.lineno for node in ast.walk(command)
                 if isinstance(node, ast.ImportFrom | ast.Call)}
        settled = [line for text, line in lines.items()
                   if text in ("settle_waiting()", "start_server()")]
        computing = [line for text, line in lines.items()
                     if text.startswith("from harness.commands import")]
        assert (command.name in ("attempts", "baseline")
                or min(settled) < min(computing)), command.name
