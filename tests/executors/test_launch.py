"""Runs on several devices: two processes on the CPU over gloo, as `accelerate launch` starts them.

Launching takes seconds, so each test launches once.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest
import yaml
from command_line import harness, refused
from tiny import sentences, suite_dict

from harness.common.device import detect
from harness.common.errors import HarnessError
from harness.executors import place
from harness.executors.launch import devices_of, launched
from harness.processes.own import UNLIMITED
from harness.study.assignment import Assignment
from harness.study.planning.plan import Plan, make_plan
from harness.study.record import Record
from harness.study.run import assign
from harness.study.store import Store
from harness.study.work import carry_out
from harness.suite import RunLimits, load_suite

CONFIGS = Path(__file__).parents[2] / "docs" / "accelerate"
DATA_PARALLEL, SHARDED = CONFIGS / "data-parallel.yaml", CONFIGS / "sharded.yaml"


def quiet(text: str) -> None:
    pass


@pytest.fixture(scope="module")
def suite(encoder_folder, decoder_folder, tmp_path_factory):
    """A suite over the tiny models without dropout, which each process would draw for itself."""
    folder = tmp_path_factory.mktemp("calm")
    shutil.copytree(encoder_folder, folder / "encoder")
    config = json.loads((folder / "encoder" / "config.json").read_text())
    config.update(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    (folder / "encoder" / "config.json").write_text(json.dumps(config))
    sentences().to_csv(folder / "data.csv", index=False)
    value = suite_dict(folder / "encoder", decoder_folder)
    value["backbones"]["enc"]["methods"] = [
        "full", "lora", {"prompt-tuning": {"num_virtual_tokens": 4, "as": "prompts"}}]
    value["backbones"]["dec"]["methods"] = ["full"]
    value["budget"].update(trials=1, seeds=1)
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(value, sort_keys=False))
    return path


def plan_for(suite: Path, config: Path | None) -> Plan:
    device = dataclasses.replace(detect(), autocast="no")
    return make_plan(load_suite(suite), devices_of(config, device) if config else device)


def assigned(plan: Plan, folder: Path, label: str, backbone: str) -> Assignment:
    run = next(r for r in plan.runs if (r.identity.label, r.identity.backbone) == (label, backbone))
    return assign(plan, Store(folder), run)


def done_by(suite: Path, config: Path, folder: Path, label: str, backbone: str, say=quiet,
            limits: RunLimits = UNLIMITED) -> tuple[Assignment, object]:
    assignment = assigned(plan_for(suite, config), folder, label, backbone)
    return assignment, launched(config, assignment, say, limits)


def probabilities(folder: Path, record: Record) -> np.ndarray:
    return Store(folder).predictions(record.identity.run_id).to_pandas().filter(
        regex="^p:").to_numpy()


def check_two_learned_what_one_learns(suite, folder, together, there):
    """A run that another folder's store has, by two devices, against the same by one."""
    label, backbone = together.identity.label, together.identity.backbone
    alone = carry_out(assigned(plan_for(suite, None), folder / "one", label, backbone), quiet)
    assert together.status == alone.status
    assert together.status.state == "ok"
    for part in ("train_loss", "validation_loss"):
        losses = [[getattr(point, part) for point in record.curve] for record in (together, alone)]
        assert any(losses[1])
        assert losses[0] == [loss and pytest.approx(loss, rel=1e-4) for loss in losses[1]]
    assert np.abs(probabilities(folder / "one", alone)
                  - probabilities(there, together)).max() < 1e-4
    assert together.size == alone.size
    if backbone == "enc":  # a sharded decoder reads the prompt's head with each item
        assert together.budget_used == alone.budget_used
        assert together.cost.training_flops == pytest.approx(alone.cost.training_flops, rel=0.1)
    assert together.cost.device_hours == pytest.approx(
        2 * together.cost.stand_alone_seconds / 3600)
    assert together.identity.run_id != alone.identity.run_id
    assert together.identity.devices == 2


@pytest.mark.parametrize("backbone", ["enc", "dec"])
def test_two_devices_that_share_the_weights_learn_what_one_learns(suite, tmp_path, backbone):
    _, outcome = done_by(suite, SHARDED, tmp_path / "two", "full", backbone)
    check_two_learned_what_one_learns(suite, tmp_path, outcome.result, tmp_path / "two")
    assert outcome.result.identity.sharded


def ranks() -> dict[int, psutil.Process]:
    """The processes that this one had launched, by rank."""
    found = {}
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            words = process.cmdline()
            if words[-2:] == ["-m", "harness.executors.rank"] and "accelerate" not in str(words):
                found[int(process.environ()["RANK"])] = process
    return found


def test_a_process_that_is_killed_ends_the_run_for_lack_of_memory(suite, tmp_path):
    killed = []

    def say(text: str) -> None:
        if not killed:
            killed.append(ranks()[1])
            killed[0].kill()

    _, outcome = done_by(suite, DATA_PARALLEL, tmp_path, "full", "enc", say)
    assert killed
    assert outcome.state == "out-of-memory"
    assert not ranks()


def test_the_time_limit_ends_all_processes(suite, tmp_path):
    _, outcome = done_by(suite, DATA_PARALLEL, tmp_path, "full", "enc",
                         limits=RunLimits(minutes=0.001))
    assert outcome.state == "timed-out"
    assert not ranks()


def test_what_cannot_be_sharded_is_refused_with_the_reason(suite, tmp_path):
    _, outcome = done_by(suite, SHARDED, tmp_path, "prompts", "enc")
    assert outcome.result.status.state == "failed"
    assert "data parallelism" in outcome.result.status.reason


def test_two_devices_learn_what_one_learns_from_the_command_line(suite, tmp_path, monkeypatch):
    monkeypatch.setattr(place, "detect", lambda: dataclasses.replace(detect(), autocast="no"))
    value = yaml.safe_load(suite.read_text())
    value["backbones"] = {"enc": {**value["backbones"]["enc"], "methods": ["features", "lora"]}}
    small = tmp_path / "small.yaml"
    small.write_text(yaml.safe_dump(value, sort_keys=False))
    shutil.copy(suite.parent / "data.csv", tmp_path)
    ended = harness("run", str(small), "--executor", "accelerate", "--config", str(DATA_PARALLEL),
                    "--runs", str(tmp_path / "runs"), "--reports", str(tmp_path / "reports"),
                    "--no-wandb")
    assert ended.code == 0, ended.all
    store = Store(tmp_path / "runs" / "tiny")
    kept = [store.load(path.parent.name) for path in store.folder.glob("*/record.json")]
    records = {record.identity.label: record for record in kept}
    check_two_learned_what_one_learns(suite, tmp_path, records["lora"], store.folder)
    assert not records["lora"].identity.sharded
    assert records["features"].identity.devices == 1
    assert records["lora"].latency is not None
    assert "2 together" in (tmp_path / "reports" / "tiny" / "report.md").read_text()


@pytest.mark.parametrize(("text", "found"), [
    (None, "cannot be read"), ("a: [", "cannot be read"), ("[]", "no num_processes"),
    ("num_processes: two", "no num_processes"),
    ("num_processes: 2\nnum_machines: 2", "num_machines is 2")])
def test_a_configuration_that_is_none(tmp_path, text, found):
    path = tmp_path / "config.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(HarnessError, match=found):
        devices_of(path, detect())


@pytest.mark.parametrize("options", [("--executor", "accelerate"),
                                     ("--config", str(DATA_PARALLEL))])
def test_configuration_and_executor_go_together(suite, options):
    refused(harness("run", suite, *options), "--config and --executor accelerate go together")


def test_a_configuration_that_accelerate_refuses_ends_the_command_not_the_run(suite, tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("num_processes: 2\nno_such_field: 1\n")
    with pytest.raises(HarnessError, match="accelerate launch ended"):
        done_by(suite, config, tmp_path, "full", "enc")


def test_one_device_shards_nothing(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("num_processes: 1\ndistributed_type: FSDP\n")
    assert devices_of(path, detect()) == detect()
