"""A small study on tiny models, carried out once, and the gate's commands on it."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from pictured import suite_of_pictures, write_pictures
from rich.console import Console
from tiny import sentences, suite_dict

from harness.commands import baseline as baselines
from harness.commands import gate as commands
from harness.commands.gate import Asked
from harness.common.device import detect
from harness.gate.verdict import GateResult
from harness.study.planning.plan import Plan, make_plan
from harness.study.run import assign
from harness.study.store import Store
from harness.study.work import carry_out
from harness.suite import load_suite

POLICY = {"metrics": {"accuracy": {"non_inferior_within": 0.3},
                      "log_loss": {"non_inferior_within": 2.0}},
          "worst_slice_drop_at_most": 0.9, "slice_items": 2, "artifact_bytes_at_most": 10_000_000}


@dataclass
class Place:
    """Where everything lies."""

    folder: Path
    plan: Plan
    shown: io.StringIO = field(default_factory=io.StringIO)
    """What the last gate printed."""

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    @property
    def name(self) -> str:
        return self.plan.loaded.suite.name

    @property
    def store(self) -> Store:
        return Store(self.runs / self.name)

    def run_id(self, label, backbone=None):
        return next(r.run_id for r in self.plan.runs
                    if (r.identity.label, r.identity.backbone) == (label, backbone))

    def artifact(self, label, backbone=None):
        return self.store.artifact(self.run_id(label, backbone))

    def suite(self, into, **changes):
        """The suite with changes, as a file beside its data."""
        value = yaml.safe_load((self.folder / f"{self.name}.yaml").read_text())
        for path, new in changes.items():
            *above, last = path.split("__")
            inner = value
            for name in above:
                inner = inner[name]
            inner[last] = new
        file = self.folder / f"{into}.yaml"
        file.write_text(yaml.safe_dump(value, sort_keys=False))
        return file

    def approve(self, run_id, folder, note="", anonymous=False, keep=False, suite=None):
        asked = baselines.Asked(run_id, suite and str(suite), None, self.folder, self.runs)
        baselines.approve(Console(quiet=True), asked, folder, note, anonymous, keep)
        return folder / f"{self.name}.json"

    def gate(self, candidate, folder, suite=None, **said) -> GateResult:
        """`harness gate` with baselines and outputs in `folder`."""
        file = suite or self.folder / f"{self.name}.yaml"
        asked = Asked(str(candidate), str(file), None, self.folder, self.runs, said.get("base"),
                      said.get("labels", ()), None)
        self.shown = io.StringIO()
        console = Console(file=self.shown, width=200)
        found = (commands.look(console, asked, folder, None) if said.get("what_if") else
                 commands.gate(console, asked, folder, None, folder / "out"))
        found.print_on(console)
        return found.result


@pytest.fixture(scope="session")
def place(tmp_path_factory, encoder_folder, decoder_folder):
    folder = tmp_path_factory.mktemp("gated")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARNESS_CACHE", str(folder / "cache"))
        value = suite_dict(encoder_folder, decoder_folder) | {"gate": POLICY}
        value["backbones"]["enc"]["methods"] = ["knn", "features", "full", "lora"]
        value["budget"] |= {"test": 30, "trials": 1, "seeds": 1}
        value["backbones"]["dec"]["budget"] = {"test": 30}
        sentences().to_csv(folder / "data.csv", index=False)
        return carried_out(folder, value)


@pytest.fixture(scope="session")
def gallery(tmp_path_factory, vision_folder):
    """The same of pictures."""
    folder = tmp_path_factory.mktemp("gallery")
    with pytest.MonkeyPatch.context() as patch:
        # As `own_cache` has it: what is prepared of pictures is read again by each test.
        patch.setenv("HARNESS_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        value = suite_of_pictures(vision_folder) | {"gate": {
            name: POLICY[name] for name in ("metrics", "artifact_bytes_at_most")}}
        value["budget"] |= {"trials": 1, "seeds": 1, "steps": 4}
        write_pictures(folder / "pictures")
        return carried_out(folder, value)


def carried_out(folder, value) -> Place:
    """A suite whose data lies in `folder`, all its runs done."""
    path = folder / f"{value['name']}.yaml"
    path.write_text(yaml.safe_dump(value, sort_keys=False))
    plan = make_plan(load_suite(path), detect())
    found = Place(folder, plan)
    for run in plan.runs:
        record = carry_out(assign(plan, found.store, run), lambda text: None)
        assert record.status.state == "ok", record.status
    return found
