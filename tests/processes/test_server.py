import os
import subprocess
import sys

import pytest

ASK = """
import os, socket
from multiprocessing import forkserver
from harness.processes import server

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
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          timeout=1800, check=False, env={**os.environ, **variables})


RENEWED = """
import multiprocessing, os, time
from multiprocessing import forkserver
from harness.processes import server

def say(channel):
    channel.send(os.environ.get("OMP_WAIT_POLICY"))
    channel.recv()

def begun(context):
    here, there = context.Pipe()
    process = context.Process(target=say, args=(there,))
    process.start()
    return process, here

def main():
    server.MODULES = []
    changes = iter([False, True, True])
    def settle():
        changed = next(changes)
        if changed:
            os.environ["OMP_WAIT_POLICY"] = "passive"
        return changed
    server.settle_waiting = settle
    first, said = begun(server.start_server())
    before = forkserver._forkserver._forkserver_pid
    print(said.recv())
    server.start_server()  # while a process of ours runs
    print(forkserver._forkserver._forkserver_pid == before)
    said.send("done")
    first.join()
    second, said = begun(server.start_server())
    print(said.recv(), forkserver._forkserver._forkserver_pid == before, first.exitcode)
    said.send("done")
    second.join()

if __name__ == "__main__":
    main()
"""


def test_processes_wait_as_it_was_chosen_last(tmp_path):
    """The variables are read when a library is loaded, and the server has loaded it."""
    (tmp_path / "renewed.py").write_text(RENEWED)
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    done = subprocess.run([sys.executable, str(tmp_path / "renewed.py")], env=environment,
                          capture_output=True, text=True, timeout=1800)
    assert done.stderr == ""
    assert done.stdout.split() == ["None", "True", "passive", "False", "0"]


FORKED = """
import os
from multiprocessing import forkserver
from harness.processes import server

server.MODULES = []
server.settle_waiting = lambda: False
server.start_server()
before = forkserver._forkserver._forkserver_pid
forkserver.ensure_running = forkserver._forkserver.ensure_running = lambda: None
server.settle_waiting = lambda: True
fork = os.fork()
if not fork:
    server.start_server()
    os._exit(0)
print(os.waitpid(fork, 0)[1], os.waitpid(before, os.WNOHANG)[0])
"""


def test_a_fork_leaves_the_server_of_the_process_that_started_it():
    done = _run(FORKED)
    assert (done.stdout.split(), done.stderr) == (["0", "0"], "")
