"""Two studies on one folder, and locks whose holder died."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.sources.cache import cache_folder
from harness.study.executor import alone
from harness.study.plan import make_plan
from harness.study.store import Store
from harness.suite import load_suite


def test_two_studies_on_one_folder_carry_out_each_run_once(small_suite, tmp_path, device,
                                                           monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    driver = Path(__file__).with_name("together.py")
    done = subprocess.run([sys.executable, str(driver), str(small_suite), str(tmp_path)],
                          capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    plan, store = make_plan(load_suite(small_suite), device), Store(tmp_path / "runs" / "tiny")
    ids = [run.run_id for run in plan.runs]
    assert sorted(done.stdout.split()) == sorted(ids)
    assert [store.damage(run_id) for run_id in ids] == [None] * len(ids)
    rounds = {store.load(run_id).latency.round for run_id in ids}
    assert len(rounds) == 1
    assert (tmp_path / "reports" / "tiny" / "index.html").exists()


@pytest.mark.parametrize("take", [
    "from harness.study.store import Store; held = Store(Path(sys.argv[1])).lock('0' * 16); "
    "held.__enter__()",
    "from harness.study.executor import alone; from harness.common.device import detect; "
    "held = alone(detect(), print); held.__enter__()",
])
def test_the_lock_of_a_dead_process_is_taken_over(tmp_path, device, monkeypatch, take):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    program = f"import sys; from pathlib import Path; {take}; print('held', flush=True); " \
              "sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == "held\n"
        waited = []
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        start = time.monotonic()
        with Store(tmp_path).lock("0" * 16), alone(device, waited.append):
            assert waited == []
        assert time.monotonic() - start < 15


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
    thread.join(timeout=20)
    assert free.is_set()
    assert said == ["waiting for another study on this machine"]
    assert (cache_folder() / "locks").is_dir()
