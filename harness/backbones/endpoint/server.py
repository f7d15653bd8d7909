"""transformers' own server on this machine, for a backbone whose weights are here: the same model
behind an endpoint and in the process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import httpx2

from harness.common.errors import HarnessError
from harness.suite.endpoint import EndpointFields

EXTRAS = ("fastapi", "uvicorn", "openai")
INSTALL = "pip install 'adaptation-harness[serving]'"
COMMAND = ("-c", "from transformers.cli.transformers import main; main()", "serve")
WAIT, GRACE, APART = 300.0, 10.0, 0.25
"""Seconds for the weights to be read, for an end, and between two looks."""
SHOWN = 300
"""Characters of a server's last words that an error shows."""


def check_installed() -> None:
    """Raise HarnessError where the server lacks libraries."""
    missing = [name for name in EXTRAS if not _installed(name)]
    if missing:
        raise HarnessError(f"transformers serve needs {', '.join(missing)}, not installed here",
                           f"Install what it needs ({INSTALL}), or leave `serve` out.")


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


@contextmanager
def serving(said: EndpointFields, folder: Path, command: tuple[str, ...] = COMMAND
            ) -> Iterator[None]:
    """A server of the model in a folder, at the endpoint's address and under the endpoint's name of
    it, for as long as the block takes.

    Raises HarnessError where another answers at the address, or it does not begin.
    """
    parts = urlsplit(said.endpoint)
    host, port = parts.hostname or "", parts.port or 80
    if _answers(host, port):
        raise HarnessError(f"{host}:{port}: another program answers there",
                           "End it, or name another port under `endpoint`.")
    with tempfile.TemporaryDirectory() as place, (Path(place) / "log").open("wb+") as log:
        # The server answers by the name that it is started with: a folder beside it.
        (Path(place) / said.model).symlink_to(folder.resolve(), target_is_directory=True)
        server = subprocess.Popen(
            [sys.executable, *command, said.model, "--host", host, "--port", str(port)],
            cwd=place, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            env=os.environ | {"HF_HUB_OFFLINE": "1"})
        try:
            _wait(server, f"http://{host}:{port}/health", log)
            yield
        finally:
            _end(server)


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1.0):
            return True
    except OSError:
        return False


def _wait(server: subprocess.Popen[bytes], address: str, log: IO[bytes]) -> None:
    """Until it answers."""
    end = time.monotonic() + WAIT
    while server.poll() is None and time.monotonic() < end:
        try:
            if httpx2.get(address, timeout=GRACE).status_code == 200:
                return
        except httpx2.RequestError:
            pass
        time.sleep(APART)
    log.seek(0)
    words = " ".join(log.read().decode("utf-8", "replace").split())[-SHOWN:]
    why = f"did not begin in {WAIT:g} s" if server.poll() is None else "ended by itself"
    raise HarnessError(f"transformers serve {why}: {words or 'it said nothing'}",
                       "Start it by hand to see more, or leave `serve` out.")


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(GRACE)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
