"""Work on a stranger's files in a process of its own, with limits on time and memory.

Nothing in this process can stop a library that is busy in C, and a number in a file can keep one
busy for ever. What passes here is read again by this process, so it ends there too.
"""

from __future__ import annotations

import gc
import math
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from harness.common.errors import HarnessError

SECONDS = 120.0
"""Wall clock: large vocabularies load in a few seconds, also on a busy machine."""
MEMORY = 8 << 30
"""Bytes above what the process has at its start: no weights are read here."""


Work = Callable[..., Any]
Ends = Callable[[], int]


def bounded(work: Work, *arguments: Any, about: str) -> Any:
    """The result of `work(*arguments)`, done in a process that is ended at its limits.

    Raises HarnessError, that of `work` or one that names `about`, where it takes too long, asks
    for too much memory or ends without a word.
    """
    here, there = multiprocessing.Pipe(duplex=False)
    # A fork has the libraries in memory; elsewhere it is not safe beside a system's own threads.
    begin = _forked if sys.platform == "linux" else _spawned
    end = begin(work, arguments, there)
    there.close()
    try:
        said = here.recv() if here.poll(SECONDS) else None
        late = said is None
    except EOFError:
        said, late = None, False
    finally:
        code = end()
        here.close()
    if said is None:
        found = (f"takes more than {SECONDS:g} seconds to look at" if late else
                 f"cannot be looked at: the process ended with code {code}")
        raise HarnessError(f"{about}: {found}", "Do not use it until you know why.")
    failure, result = said
    if failure is not None:
        raise failure
    return result


def _forked(work: Work, arguments: tuple[Any, ...], channel: Connection) -> Ends:
    """Begin in a fork of this process; what is returned ends it and tells its exit code.

    What this process threw away, or is to do at its end, is not the fork's to take apart: threads
    may belong to it that are not there, as to a client of Ray's. So it collects no garbage that was
    there before, and is not multiprocessing's, whose forks drop this process's exit handlers from
    Python 3.13 on.
    """
    collects = gc.isenabled()
    gc.disable()
    pid = os.fork()
    if pid == 0:
        gc.freeze()
        gc.enable()
        try:
            _child(work, arguments, channel)
        finally:
            os._exit(0)
    if collects:
        gc.enable()

    def end() -> int:
        os.kill(pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return end


def _spawned(work: Work, arguments: tuple[Any, ...], channel: Connection) -> Ends:
    """The same in a process that begins with nothing."""
    process = multiprocessing.get_context("spawn").Process(
        target=_child, args=(work, arguments, channel), daemon=True)
    process.start()

    def end() -> int:
        process.kill()
        process.join()
        return process.exitcode or 0
    return end


def _child(work: Work, arguments: tuple[Any, ...], channel: Connection) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):  # libraries in Rust print where they stop
        os.dup2(nowhere, stream)
    _limit_memory()
    # Also where the process that waits has died, and in a library that never comes back.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(math.ceil(SECONDS) + 1)
    # The threads of the process this one was forked from are not here to be waited for.
    torch.set_num_threads(1)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    try:
        said: tuple[HarnessError | None, Any] = (None, work(*arguments))
    except HarnessError as error:
        said = (error, None)
    except MemoryError:
        said = (HarnessError(f"{arguments[0]}: asks for more than {MEMORY:,} bytes to be looked at",
                             "Do not use it until you know why."), None)
    except BaseException as error:  # a panic in Rust is no Exception
        words = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        said = (HarnessError(f"{arguments[0]}: cannot be looked at: {words}",
                             "Name a model that transformers can load."), None)
    channel.send(said)
    channel.close()


def _limit_memory() -> None:
    """Where the system can: private memory counts, also what the parent had at the fork."""
    try:
        import resource

        used = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (used + MEMORY, used + MEMORY))
    except (ImportError, OSError, ValueError):
        return
