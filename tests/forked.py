"""Work in a fork of the tests' process: a program of its own costs seconds of imports."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from typing import Any

import psutil

from harness.processes.server import start_server


@contextmanager
def forked(work: Callable[..., None], *arguments: Any) -> Iterator[BaseProcess]:
    """A process that does the work, with the server that its runs are forked from; killed after."""
    start_server()
    process = multiprocessing.get_context("fork").Process(target=_work, args=(work, arguments))
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def workers() -> list[psutil.Process]:
    """The processes forked from the server."""
    return psutil.Process(forkserver._forkserver._forkserver_pid).children()


def _work(work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    # A fork is not the server's parent and cannot wait for it; it is there all the same.
    forkserver.ensure_running = forkserver._forkserver.ensure_running = lambda: None
    work(*arguments)
