import os

from harness.processes.own import in_own_process
from harness.processes.server import start_server


def told(name, say):
    return os.environ.get(name)


def test_variables_of_the_environment_are_those_of_the_moment(monkeypatch):
    """A key that a notebook sets between two studies is there in the second."""
    context = start_server()
    assert in_own_process(context, told, "SET_LATER", print).result is None
    monkeypatch.setenv("SET_LATER", "here")
    assert in_own_process(context, told, "SET_LATER", print).result == "here"
