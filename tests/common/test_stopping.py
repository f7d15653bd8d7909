"""A request to stop that comes at an awkward moment."""

import subprocess
import sys

import pytest

DEAF = """
import signal, time
from harness.common.stopping import stopping_politely

class Deaf:
    def __del__(self):
        signal.raise_signal(signal.{name})

with stopping_politely("Say go."):
    Deaf()
    time.sleep(20)
print("went on")
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_stop_that_a_destructor_lost_is_heard_all_the_same(name):
    """Python prints an error of a destructor and goes on."""
    program = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n" + (
        DEAF.format(name=name))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                          timeout=60, check=False)
    assert (done.returncode, done.stdout) == (130, "Stopped. Say go.\n")
    assert done.stderr == ""


def test_other_errors_of_destructors_are_printed_as_ever():
    program = DEAF.format(name="SIGINT").replace("signal.raise_signal(signal.SIGINT)",
                                                 "1 / 0").replace("time.sleep(20)", "pass")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                          timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "went on\n")
    assert "ZeroDivisionError" in done.stderr
