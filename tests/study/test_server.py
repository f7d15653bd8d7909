import os
import subprocess
import sys

import pytest

ASK = """
import os, socket
from multiprocessing import forkserver
from harness.study import server

server.MODULES = [server.MODULES[0], {module!r}]
server.start_server()
{request}
"""
NOTHING = """
with socket.socket(socket.AF_UNIX) as client:
    client.connect(forkserver._forkserver._forkserver_address)
os.waitpid(forkserver._forkserver._forkserver_pid, 0)
"""
HALF = """
status, request = forkserver.connect_to_new_process([])
os.write(request, {half!r})
os.close(request)
while os.read(status, 64):
    pass
"""


@pytest.mark.parametrize("asked", [
    NOTHING, HALF.format(half=b""), HALF.format(half=b"\x80\x04\x95\x10")],
    ids=["connected", "forked", "half told"])
def test_a_request_that_is_broken_off_is_no_traceback(asked):
    """As a signal between two lines of `Process.start` leaves it."""
    done = _run(ASK.format(module="json", request=asked))
    assert (done.returncode, done.stderr) == (0, "")


def test_what_else_goes_wrong_in_the_server_is_said(tmp_path):
    (tmp_path / "breaks.py").write_text("import os; os.fork = lambda: 1 / 0")
    request = ("forkserver.connect_to_new_process([])\n"
               "os.waitpid(forkserver._forkserver._forkserver_pid, 0)")
    done = _run(ASK.format(module="breaks", request=request), PYTHONPATH=str(tmp_path))
    assert "ZeroDivisionError" in done.stderr


def _run(code, **variables):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60,
                          check=False, env={**os.environ, **variables})
