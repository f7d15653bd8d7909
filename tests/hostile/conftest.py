"""Folders of models that are not what they seem, and what is asked of them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from command_line import harness
from study import attacked  # noqa: F401  (a fixture)

from harness.processes import bounded

POLICY = {"artifact_bytes_at_most": 10_000_000, "missing": "cannot-say"}


@dataclass(frozen=True)
class Strange:
    """A model folder to spoil, and a suite to ask it in."""

    folder: Path
    kind: str
    suite: Path

    @property
    def place(self) -> Path:
        return self.suite.parent

    def as_backbone(self, method=None):
        """`harness plan` of a suite whose backbone the folder is."""
        value = yaml.safe_load(self.suite.read_text())
        method = method or {"encoder": "knn", "decoder": "zero-shot"}[self.kind]
        value["backbones"] = {"strange": {"kind": self.kind, "methods": [method],
                                          "source": {"file": str(self.folder)}}}
        path = self.place / "strange.yaml"
        path.write_text(yaml.safe_dump(value))
        return harness("plan", path, "--runs", self.place / "runs")

    def as_embedder(self):
        """`harness plan` of a suite that retrieves by the folder."""
        value = yaml.safe_load(self.suite.read_text())
        value["embedder"] = {"file": str(self.folder)}
        path = self.place / "strange.yaml"
        path.write_text(yaml.safe_dump(value))
        return harness("plan", path, "--runs", self.place / "runs")

    def as_candidate(self, *more):
        """`harness gate` on the folder."""
        return harness("gate", self.folder, "--suite", self.suite, "--output",
                       self.place / "gate", "--runs", self.place / "runs", *more)

    def as_predictor(self, *more):
        """`harness predict` by the folder."""
        return harness("predict", self.folder, "--suite", self.suite, "--input",
                       self.place / "data.csv", "--output", self.place / "out.parquet", *more)

    def as_forgetful(self, base, *more):
        """`harness forget` on the folder."""
        return harness("forget", self.folder, "--suite", self.suite, "--base", base, *more)

    def everywhere(self):
        """What all of these say."""
        return [self.as_backbone(), self.as_candidate(), self.as_predictor(),
                self.as_forgetful({"encoder": "enc", "decoder": "dec"}[self.kind])]


@pytest.fixture
def impatient(monkeypatch):
    """What never ends need not be waited for as long as what is slow."""
    monkeypatch.setattr(bounded, "SECONDS", 1.0)


@pytest.fixture
def strange(suite_file, tmp_path, encoder_folder, decoder_folder):
    """A copy of a tiny model of a kind."""
    value = yaml.safe_load(suite_file.read_text()) | {"gate": POLICY}
    value["measure"]["forgetting"] = {"passages": 5}
    suite_file.write_text(yaml.safe_dump(value))

    def copy(kind="encoder"):
        folders = {"encoder": encoder_folder, "decoder": decoder_folder}
        folder = shutil.copytree(folders[kind], tmp_path / "strange")
        return Strange(folder, kind, suite_file)

    return copy
