"""A study of the attacking data, by the commands of a user, with secrets around it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from attack import COLUMNS, LABELS, rows
from command_line import Said, harness

SECRET = "s3cr3t-marker-0123456789abcdef0123456789"
PERSON = "marker-person"
POLICY = {"metrics": {"accuracy": {"non_inferior_within": 0.02}}, "slice_items": 2,
          "worst_slice_drop_at_most": 0.5}


@dataclass(frozen=True)
class Attacked:
    """Where all of it lies, and what the commands said."""

    folder: Path
    environment: dict[str, str]
    init: Said
    run: Said
    approve: Said
    gate: Said

    @property
    def suite(self) -> Path:
        return self.folder / "suites" / "attack.yaml"

    def ask(self, *words: object, **more: str) -> Said:
        """Another command in the same place."""
        return harness(*words, **self.environment, **more)


def run_id(folder: Path, method: str) -> str:
    for path in (folder / "runs" / "attack").rglob("record.json"):
        if f'"label": "{method}"' in path.read_text() or f'"label":"{method}"' in path.read_text():
            return path.parent.name
    raise LookupError(method)


def smaller(path: Path, encoder: Path, decoder: Path) -> None:
    """The suite that `init` wrote, on tiny models."""
    value = yaml.safe_load(path.read_text())
    value.pop("profiles", None)
    value |= {
        "methods": ["majority", "tfidf"], "gate": POLICY,
        "backbones": {
            "enc": {"kind": "encoder", "source": {"file": str(encoder)},
                    "methods": ["knn", "features"]},
            "dec": {"kind": "decoder", "source": {"file": str(decoder)},
                    "methods": ["zero-shot"]}},
        "budget": {"train": 40, "validation": 12, "test": 24, "epochs": 1, "steps": 1, "batch": 8,
                   "max_length": 24, "trials": 1, "seeds": 1},
        "measure": {"latency": {"requests": 2, "warmup": 1, "batch": 2, "batches": 1}}}
    for name in ("embedder", "train_sizes"):
        value.pop(name, None)
    path.write_text(yaml.safe_dump(value))


def run(environment: dict[str, str], *words: object) -> Said:
    """A command in a process of its own, with the streams of a pipe."""
    done = subprocess.run(
        [sys.executable, "-m", "harness", *map(str, words)], capture_output=True, text=True,
        env=dict(os.environ) | environment, timeout=1800, check=False)
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def attacked(tmp_path_factory, encoder_folder, decoder_folder):
    folder = tmp_path_factory.mktemp("attacked")
    home = folder / PERSON
    home.mkdir()
    environment = {
        "HARNESS_CACHE": str(folder / "cache"), "WANDB_MODE": "offline", "WANDB_API_KEY": SECRET,
        "HF_TOKEN": SECRET, "MY_PASSWORD": SECRET, "HOME": str(home), "USER": PERSON,
        "LOGNAME": PERSON, "USERNAME": PERSON, "GITHUB_STEP_SUMMARY": str(folder / "step.md")}
    rows().to_csv(folder / "data.csv", index=False)
    suite = folder / "suites" / "attack.yaml"
    there = ("--runs", folder / "runs")
    init = harness("init", "attack", "--data", folder / "data.csv", *COLUMNS, "--suites",
                   suite.parent, **environment)
    assert init.code == 0, init.err
    assert len(yaml.safe_load(suite.read_text())["task"]["labels"]) == len(LABELS)
    smaller(suite, encoder_folder, decoder_folder)
    ran = run(environment, "run", suite, *there, "--reports", folder / "reports")
    assert ran.code == 0, ran.all
    approve = harness("baseline", "approve", run_id(folder, "tfidf"), "--suites", suite.parent,
                      *there, "--baselines", folder / "baselines", "--anonymous", **environment)
    assert approve.code == 0, approve.err
    gate = harness("gate", run_id(folder, "majority"), "--suite", suite, *there, "--baselines",
                   folder / "baselines", "--output", folder / "gate", **environment)
    assert gate.code == 1, gate.all
    return Attacked(folder, environment, init, ran, approve, gate)
