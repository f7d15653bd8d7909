"""Two studies on one folder, and locks whose holder died."""

import multiprocessing

import pytest
from command_line import harness
from forked import forked
from small_study import study

from harness.common.cache import cache_folder
from harness.processes.own import Returned
from harness.processes.turns import alone
from harness.study import alone as alone_room
from harness.study import check
from harness.study.assignment import Assignment
from harness.study.planning.plan import make_plan
from harness.study.store import Store
from harness.suite import load_suite


def test_two_studies_on_one_folder_carry_out_each_run_once(small_suite, tmp_path, device,
                                                           monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    carry_out, ran = alone_room.in_own_process, tmp_path / "ran"

    def told(context, work, argument, say, limits):
        if isinstance(argument, Assignment):
            with ran.open("a") as file:
                file.write(f"{argument.identity.run_id}\n")
        return carry_out(context, work, argument, say, limits)

    monkeypatch.setattr(alone_room, "in_own_process", told)
    with (forked(study, small_suite, tmp_path) as one, forked(study, small_suite, tmp_path) as two):
        one.join()
        two.join()
        assert (one.exitcode, two.exitcode) == (0, 0)
    plan, store = make_plan(load_suite(small_suite), device), Store(tmp_path / "runs" / "tiny")
    ids = [run.run_id for run in plan.runs]
    assert sorted(ran.read_text().split()) == sorted(ids)
    assert [store.damage(run_id) for run_id in ids] == [None] * len(ids)
    rounds = {store.load(run_id).latency.round for run_id in ids}
    assert len(rounds) == 1
    assert (tmp_path / "reports" / "tiny" / "index.html").exists()


def hold(lock, channel):
    with lock:
        channel.send("held")
        channel.recv()


@pytest.mark.parametrize("lock", [
    lambda folder, device: Store(folder).lock("0" * 16),
    lambda folder, device: alone(device, print)], ids=["run", "device"])
def test_the_lock_of_a_dead_process_is_taken_over(tmp_path, device, monkeypatch, lock):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    here, there = multiprocessing.Pipe()
    with forked(hold, lock(tmp_path, device), there) as holder:
        # A fork of a process with threads may end at its start: that is no reason to wait for ever.
        assert here.poll(60)
        assert here.recv() == "held"
        waited = []
        holder.kill()
        holder.join()
        with Store(tmp_path).lock("0" * 16), alone(device, waited.append):
            assert waited == []


def test_whoever_waits_for_the_device_says_so(tmp_path, device, monkeypatch):
    import threading

    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    said, free = [], threading.Event()

    def other():
        with alone(device, said.append):
            free.set()

    with alone(device, print):
        thread = threading.Thread(target=other)
        thread.start()
        while not said:
            assert not free.is_set()
    thread.join(timeout=600)
    assert free.is_set()
    assert said == ["waiting for another study on this machine"]
    assert (cache_folder() / "locks").is_dir()


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))


def test_check_does_not_wait_for_a_device_that_it_hardly_needs(small_suite, device, own_cache):
    with alone(device, print):
        said = harness("check", small_suite)
        assert said.code == 0, said.all
        assert "power" in said.out
        assert "label errors were not searched for: another study has" in said.out
    again = harness("check", small_suite)
    assert again.code == 0, again.all
    assert "not searched for" not in again.out
    with alone(device, print):
        assert harness("check", small_suite).out == again.out


def test_a_plan_does_not_wait_to_measure_and_needs_no_device_for_what_is_kept(small_suite, tmp_path,
                                                                              device, own_cache):
    words = ("plan", small_suite, "--runs", tmp_path / "runs")
    with alone(device, print):
        said = harness(*words)
        assert said.code == 0, said.all
        assert "no times: this machine is not measured yet, and another study has" in said.out
        assert "lora" in said.out
    measured = harness(*words)
    assert "device-hours" in measured.out, measured.all
    assert "not estimated" not in measured.out
    with alone(device, print):
        kept = harness(*words)
    assert "by the kept measurements of" in kept.out, kept.all
    assert "not estimated" not in kept.out


def test_a_look_at_the_data_that_failed_is_not_kept(small_suite, device, own_cache, monkeypatch):
    plan = make_plan(load_suite(small_suite), device)
    with monkeypatch.context() as patch:
        patch.setattr(check, "in_own_process", lambda *given: Returned(failure="no memory"))
        failed = check.findings(plan, print)
        assert {f.found for f in failed} == {"the texts could not be checked: no memory",
                                             "the labels could not be checked: no memory"}
    assert "checks" not in {f.check for f in check.findings(plan, print)}
