"""`harness run`, killed again and again: a program that the test starts.

Everything is imported once; each study is a fork of this process, with the server that its runs
are forked from already there, so that a kill costs no seconds of imports. The first study is let
be: the others live at most half as long as it took here, and at most LONGEST.
"""

from __future__ import annotations

import io
import os
import random
import signal
import sys
import time
from multiprocessing import forkserver
from pathlib import Path

import psutil
from rich.console import Console

from harness.commands import study as commands
from harness.commands.plan import prepare
from harness.study.server import start_server

LONGEST = 5.0
"""Seconds."""
FOREVER = 3600.0
"""Seconds: whoever runs this stops waiting sooner."""


def study(suite: Path, folder: Path) -> None:
    """What `harness run` does."""
    prepared = prepare(str(suite), None, suite.parent)
    console = Console(file=io.StringIO())
    commands.run(console, prepared, folder / "runs", folder / "reports", fresh=False)


def started(suite: Path, folder: Path) -> int:
    """The process of a study."""
    process = os.fork()
    if process:
        return process
    os.setsid()
    try:
        study(suite, folder)
        os._exit(0)
    except BaseException as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.stderr.flush()
        os._exit(1)


def end(process: int, seconds: float, with_workers: bool) -> int | None:
    """Kill a study after a while. Its exit code when it had ended by itself, else None."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    workers = psutil.Process(forkserver._forkserver._forkserver_pid).children()
    os.kill(process, signal.SIGKILL)
    if with_workers:
        for worker in workers:
            worker.kill()
    os.waitpid(process, 0)
    return None


def finish(suite: Path, folder: Path) -> None:
    """Let a study come to its end. Exits where it cannot."""
    code = end(started(suite, folder), FOREVER, False)
    if code != 0:
        sys.exit(code or 1)


def main(suite: Path, folder: Path, kills: int, seed: int) -> None:
    """Kill `kills` times; one folder after another, each finished in the end."""
    start_server()
    # A fork is not the server's parent and cannot wait for it; it is there all the same.
    forkserver.ensure_running = forkserver._forkserver.ensure_running = lambda: None
    prepare(str(suite), None, suite.parent)  # models are looked at once a process
    start = time.monotonic()
    finish(suite, folder / "0")
    longest = min(LONGEST, (time.monotonic() - start) / 2)
    rng, done, number = random.Random(seed), 0, 1
    while done < kills:
        code = end(started(suite, folder / str(number)), rng.uniform(0, longest),
                   rng.random() < 0.5)
        if code is None:
            done += 1
        elif code:
            sys.exit(code)
        else:
            number += 1
    finish(suite, folder / str(number))
    sys.stdout.write(f"{done} kills, {number + 1} studies\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
