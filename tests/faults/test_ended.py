"""Runs whose process something else ended: tried again, where a method's own failure stands."""

import os
import shutil
import signal

import pytest
import yaml
from command_line import harness
from forked import workers
from small_study import Watcher

from harness.processes.own import in_own_process
from harness.processes.server import start_server
from harness.study.planning.plan import make_plan
from harness.study.queue import one_by_one
from harness.study.queued import QueuedLatency
from harness.study.run import missing, run_study
from harness.study.store import Store
from harness.suite import load_suite


def leave(code, say):
    os._exit(code)


def exit_politely(code, say):
    raise SystemExit(code)


class Ending(Watcher):
    """Sends a signal to the process of a method's run, once."""

    def __init__(self, label, number):
        super().__init__()
        self.label, self.number, self.sent = label, number, 0

    def said(self, text):
        if self.ran[-1:] == [self.label] and text == "predicting" and not self.sent:
            self.sent += 1
            (worker,) = workers()
            worker.send_signal(self.number)


@pytest.mark.parametrize("ending", [
    # Whoever starts the tests with `nohup` has them ignore a hangup, and all they start.
    number for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGSEGV)
    if signal.getsignal(number) != signal.SIG_IGN])
def test_a_run_that_a_signal_ended_is_tried_again_by_the_same_command(small_suite, tmp_path,
                                                                      device, ending):
    start_server()
    plan, store = make_plan(load_suite(small_suite), device), Store(tmp_path / "runs")
    watcher = Ending("full", ending)
    records = run_study(plan, store, watcher)
    assert watcher.sent == 1
    assert {r.identity.label: r.status.state for r in records.values()} == {
        "tfidf": "ok", "features": "ok", "full": "interrupted", "lora": "ok"}
    (cut,) = [r for r in records.values() if r.status.state != "ok"]
    assert cut.status.reason == f"its process was ended by {ending.name}"
    assert [run.identity.label for run in missing(plan, store)] == ["full"]
    watcher = Watcher()
    again = run_study(plan, store, watcher)
    assert watcher.ran == ["full"]
    assert {r.status.state for r in again.values()} == {"ok"}
    assert len({r.latency.round for r in again.values()}) == 1


def test_ctrl_c_does_not_reach_a_run(small_suite, tmp_path, device):
    """The terminal sends it to the whole group: the study decides what ends."""
    start_server()
    plan, watcher = make_plan(load_suite(small_suite), device), Ending("full", signal.SIGINT)
    records = run_study(plan, Store(tmp_path / "runs"), watcher)
    assert watcher.sent == 1
    assert {r.status.state for r in records.values()} == {"ok"}


@pytest.mark.parametrize("work", [leave, exit_politely])
def test_a_process_that_leaves_without_a_word_is_no_failure_of_a_method(work):
    outcome = in_own_process(start_server(), work, 3, print)
    assert outcome.state == "interrupted"
    assert outcome.failure == "its process was ended with code 3"


def test_what_a_method_itself_fails_of_stands(small_suite, tmp_path, device):
    text = small_suite.read_text()
    # PEFT is asked for a layer that no backbone has.
    small_suite.write_text(text.replace("- lora", "- lora: {target_modules: [no_such_layer]}"))
    plan, store = make_plan(load_suite(small_suite), device), Store(tmp_path / "runs")
    records = run_study(plan, store, Watcher())
    assert {r.identity.label: r.status.state for r in records.values()}["lora"] == "failed"
    assert missing(plan, store) == []


class Stopped(BaseException):
    """What a stop of the command is to a study."""


def test_a_study_stopped_before_its_latency_round_says_what_it_can(small_suite, tmp_path, device,
                                                                   monkeypatch):
    def stop(queue, watcher):
        if any(isinstance(queued, QueuedLatency) for queued in getattr(queue, "left", ())):
            raise Stopped
        one_by_one(queue, watcher)

    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    value = yaml.safe_load(small_suite.read_text())
    small_suite.write_text(yaml.safe_dump(value | {"decide": {"limits": {"p95_ms": 50}}}))
    plan, store = make_plan(load_suite(small_suite), device), Store(tmp_path / "runs" / "tiny")
    with pytest.raises(Stopped):
        run_study(plan, store, Watcher(), stop)
    shutil.rmtree(store.path(plan.runs[-1].run_id))
    folders = ("--runs", tmp_path / "runs", "--reports", tmp_path / "r")
    said = harness("report", small_suite, *folders)
    assert said.code == 0, said.all
    text = (tmp_path / "r" / "tiny" / "report.md").read_text()
    assert "So far, with 3 of 4 runs: No recommendation" in text
    assert "p95 latency is limited and not measured" in text
    assert f"Runs that are not done: {plan.runs[-1].title}" in text
    assert "exceeds a limit" not in text
    done = run_study(plan, store, Watcher())
    assert all(record.latency is not None for record in done.values())
