"""Work beside a study: heard in a bounded time, at the least priority, and never in the way."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from harness.processes.beside import start_beside
from harness.processes.server import start_server


def gather(path, messages):
    """All that was said, which a file tells too."""
    heard = []
    for message in messages:
        heard.append(message)
        Path(path).write_text(repr(heard))
    return heard


def hang(seconds, messages):
    time.sleep(seconds)


def fail(text, messages):
    raise ValueError(text)


def rank(_, messages):
    return os.sched_getscheduler(0), os.getsid(0) == os.getpid()


@pytest.fixture
def context():
    return start_server()


def test_it_hears_until_no_more_comes_and_returns(context, tmp_path):
    beside = start_beside(context, gather, tmp_path / "said")
    beside.tell("first")
    while not (tmp_path / "said").exists():
        time.sleep(0.01)
    beside.tell("last")
    outcome = beside.end(20)
    assert outcome.failure is None
    assert (outcome.result[0], outcome.result[-1]) == ("first", "last")


def test_of_what_waits_the_newest_is_heard(context, tmp_path):
    beside = start_beside(context, gather, tmp_path / "said")
    for number in range(500):
        beside.tell(number)
    heard = beside.end(20).result
    assert heard[-1] == 499
    assert heard == sorted(set(heard))


def test_it_is_waited_for_as_long_as_is_said_and_no_longer(context):
    beside = start_beside(context, hang, 600)
    outcome = beside.end(0.5)
    assert (outcome.state, outcome.failure) == ("timed-out", "it did not end in 0.5 seconds")
    assert not beside.process.is_alive()


def test_telling_one_that_has_died_costs_nothing(context):
    beside = start_beside(context, hang, 600)
    beside.process.kill()
    beside.process.join()
    beside.tell("nobody hears")
    assert beside.end(20).failure == "its process was ended"


def test_an_error_is_words(context):
    assert start_beside(context, fail, "no room").end(20).failure == "ValueError: no room"


def test_it_runs_when_nobody_else_wants_to_and_in_a_session_of_its_own(context, capfd):
    assert start_beside(context, rank, None).end(20).result == (os.SCHED_IDLE, True)
    assert "in nobody's way" not in capfd.readouterr().out


MAIN = """
import os, sys, time
sys.path.insert(0, {tests!r})
from harness.processes.beside import start_beside
from harness.processes.server import start_server
from processes.test_beside_a_study import gather
beside = start_beside(start_server(), gather, {path!r})
beside.tell("a")
print(beside.process.pid, flush=True)
time.sleep(600)
"""


def test_where_the_study_is_killed_it_ends_what_it_was_told_and_goes(tmp_path):
    path = tmp_path / "said"
    main = MAIN.format(tests=str(Path(__file__).parents[1]), path=str(path))
    study = subprocess.Popen([sys.executable, "-c", main], stdout=subprocess.PIPE, text=True)
    process = psutil.Process(int(study.stdout.readline()))
    while not path.exists():
        time.sleep(0.01)
    study.send_signal(signal.SIGKILL)
    study.wait()
    process.wait(20)
    assert path.read_text() == "['a']"
