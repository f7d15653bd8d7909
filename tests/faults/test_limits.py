"""Runs that diverge, hang, or want more memory than there is: records with a reason."""

import shutil
import threading
import time

import pytest
import torch
import yaml
from command_line import harness
from forked import forked, workers
from transformers import AutoConfig, BertForMaskedLM

from harness.processes import own as executor
from harness.processes.own import in_own_process
from harness.processes.server import start_server
from harness.study.planning.plan import make_plan
from harness.study.run import missing
from harness.study.store import Store
from harness.suite import RunLimits, load_suite


def hang(argument, say):
    say("hanging")
    while True:
        time.sleep(60)


def answer_and_hang(folder, say):
    threading.Thread(target=go_on, args=(folder,)).start()
    return "answer"


def go_on(folder):
    time.sleep(60)
    (folder / "went on").write_text("")


def take_memory(gib, say):
    return torch.ones(int(gib * 2**30), dtype=torch.uint8).numel()


def test_work_that_hangs_is_stopped_at_its_limit():
    said = []
    outcome = in_own_process(start_server(), hang, None, said.append, RunLimits(minutes=0.02))
    assert outcome.state == "timed-out"
    assert "stopped after 0.02 minutes, the suite's run_limits.minutes" in outcome.failure
    assert said == ["hanging"]


def test_work_that_hangs_after_its_answer_is_ended(monkeypatch, tmp_path):
    monkeypatch.setattr(executor, "GRACE", 0.5)
    assert in_own_process(start_server(), answer_and_hang, tmp_path, print).result == "answer"
    assert not (tmp_path / "went on").exists()


def test_memory_beyond_the_limit_is_refused_and_less_is_not():
    limits = RunLimits(memory_gib=0.5)
    outcome = in_own_process(start_server(), take_memory, 0.1, print, limits)
    assert outcome.result == int(0.1 * 2**30)
    outcome = in_own_process(start_server(), take_memory, 4, print, limits)
    assert "allocate memory" in outcome.failure


def test_a_run_beyond_its_time_is_a_record_the_study_goes_on_and_it_is_tried_again(
        small_suite, tmp_path, device):
    text = small_suite.read_text()
    small_suite.write_text(text + "run_limits: {minutes: 0.0001}\n")
    said = harness("run", small_suite, "--runs", tmp_path / "runs", "--reports", tmp_path / "r",
                   "--no-wandb")
    assert said.code == 1, said.all
    for shown in (said.out, (tmp_path / "r" / "tiny" / "index.html").read_text()):
        assert "timed-out" in shown
    plan, store = make_plan(load_suite(small_suite), device), Store(tmp_path / "runs" / "tiny")
    records = {run.run_id: store.load(run.run_id) for run in plan.runs}
    assert {r.status.state for r in records.values()} == {"timed-out"}
    assert all("run_limits.minutes" in r.status.reason for r in records.values())
    assert len(missing(plan, store)) == len(plan.runs)
    small_suite.write_text(text)
    again = make_plan(load_suite(small_suite), device)
    assert [r.run_id for r in again.runs] == [r.run_id for r in plan.runs], "limits are no result"


@pytest.fixture
def wide_encoder(tmp_path, encoder_folder):
    """An encoder whose gradients and optimiser take some 150 MiB."""
    folder = tmp_path / "wide"
    shutil.copytree(encoder_folder, folder)
    config = AutoConfig.from_pretrained(folder)
    config.update({"hidden_size": 512, "num_hidden_layers": 4, "intermediate_size": 2048})
    BertForMaskedLM(config).save_pretrained(folder)
    return folder


def test_a_run_beyond_its_memory_is_a_record_and_the_study_goes_on(small_suite, tmp_path, device,
                                                                   wide_encoder):
    value = yaml.safe_load(small_suite.read_text())
    value["backbones"]["enc"]["source"] = {"file": str(wide_encoder)}
    small_suite.write_text(yaml.safe_dump(value | {"run_limits": {"memory_gib": 0.2}}))
    said = harness("run", small_suite, "--runs", tmp_path / "runs", "--reports", tmp_path / "r")
    assert said.code == 1, said.all
    plan, store = make_plan(load_suite(small_suite), device), Store(tmp_path / "runs" / "tiny")
    records = [store.load(run.run_id) for run in plan.runs]
    states = {r.identity.label: r.status for r in records}
    assert states["full"].state == "out-of-memory", states
    assert states["tfidf"].state == "ok"
    for text in (said.out, (tmp_path / "r" / "tiny" / "index.html").read_text()):
        assert "out-of-memory" in text
    assert [r.identity.label for r in missing(plan, store)] == [
        label for label, status in states.items() if status.state == "out-of-memory"]


def die_unless_listened_to(folder, say):
    (folder / "began").write_text("")
    go_on(folder)


def study_of_one(folder):
    in_own_process(start_server(), die_unless_listened_to, folder, print)


def test_a_run_ends_with_its_study(tmp_path):
    with forked(study_of_one, tmp_path) as study:
        deadline = time.monotonic() + 60
        while not (tmp_path / "began").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        (worker,) = workers()
        study.kill()
        study.join()
    while worker.is_running() and worker.status() != "zombie":
        time.sleep(0.02)
    assert not (tmp_path / "went on").exists()
