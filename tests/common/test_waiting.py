import os
import subprocess
import sys

import pytest

from harness.common import waiting
from harness.common.waiting import ASLEEP, BRIEFLY, SETTINGS, cores_of_others, settle_waiting


@pytest.fixture
def machine(monkeypatch):
    """A machine of two cores on which the named seconds pass during a look of a tenth of one."""
    def during_a_look(idle, ours):
        looks = {"_idle": iter([100.0, 100.0 + idle]), "_spent": iter([7.0, 7.0 + ours])}
        monkeypatch.setattr(waiting, "_idle", lambda: next(looks["_idle"]))
        monkeypatch.setattr(waiting, "_spent", lambda family: next(looks["_spent"]))
        clock = iter([50.0, 50.1])
        monkeypatch.setattr(waiting, "monotonic", lambda: next(clock))
        monkeypatch.setattr(waiting, "sleep", lambda seconds: None)
        monkeypatch.setattr(waiting, "cpu_count", lambda: 2)
    return during_a_look


@pytest.mark.parametrize(("idle", "ours", "others"), [
    (0.2, 0.0, 0.0),  # two cores of 0.1 s each did nothing
    (0.1, 0.0, 1.0),
    (0.1, 0.1, 0.0),  # one core was busy, with what we started
    (0.0, 0.05, 1.5),
    (0.21, 0.0, 0.0)])  # clocks that tick apart
def test_cores_of_others_are_those_that_neither_idled_nor_were_ours(machine, idle, ours, others):
    machine(idle, ours)
    assert cores_of_others(0.1) == pytest.approx(others, abs=1e-6)


@pytest.mark.parametrize(("idle", "threads", "chosen"), [
    (0.2, None, BRIEFLY), (0.18, None, BRIEFLY), (0.1, None, ASLEEP), (0.0, None, ASLEEP),
    (0.1, "1", BRIEFLY)])  # one thread has the other core
def test_threads_sleep_where_another_program_has_a_core_that_they_need(
        machine, monkeypatch, idle, threads, chosen):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if threads:
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
    machine(idle, 0.0)
    environment = {"HOME": "/"}
    assert settle_waiting(environment)
    assert environment == {"HOME": "/", **chosen}


def test_a_system_that_does_not_tell_is_taken_for_idle(monkeypatch):
    def locked():
        raise PermissionError("/proc/stat")

    monkeypatch.setattr(waiting, "_idle", locked)
    environment: dict[str, str] = {}
    assert settle_waiting(environment)
    assert environment == BRIEFLY


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("busy", [True, False])
def test_a_users_own_setting_stays(monkeypatch, name, busy):
    monkeypatch.setattr(waiting, "is_busy", lambda: busy)
    environment = {name: "100"}
    assert not settle_waiting(environment)
    assert environment == {name: "100"}


def test_a_machine_that_became_busy_is_noticed_and_sleep_stays(monkeypatch):
    environment: dict[str, str] = {}
    for busy, changed, stands in [(False, True, BRIEFLY), (False, False, BRIEFLY),
                                  (True, True, ASLEEP), (False, False, ASLEEP)]:
        monkeypatch.setattr(waiting, "is_busy", lambda busy=busy: busy)
        assert settle_waiting(environment) is changed
        assert environment == stands


def test_what_stands_is_told_by_name():
    assert waiting.waiting({"PATH": "/bin"}) is None
    assert waiting.waiting(dict(ASLEEP)) == "OMP_WAIT_POLICY=passive"


def test_it_stands_before_a_library_with_threads_is_imported():
    """libgomp reads it when it is loaded, and never again."""
    words = ("import sys; from harness import __main__ as program; import harness.cli;"
             "import harness.common.waiting as w; w.settle_waiting();"
             "print(sorted({'torch', 'faiss', 'sklearn'} & set(sys.modules)), w.waiting())")
    free = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    said = subprocess.run([sys.executable, "-c", words], env=free, capture_output=True, text=True,
                          check=True).stdout.split(maxsplit=1)
    assert said[0] == "[]"
    assert said[1].strip() in ("OMP_WAIT_POLICY=passive", "GOMP_SPINCOUNT=2000")
