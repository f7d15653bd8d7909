"""The process that runs are forked from: it has libraries and methods imported, nothing else."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext

import psutil

from harness.common.heap import keep_few_kernels
from harness.common.waiting import settle_waiting

MODULES = ["harness.processes.hangups", "harness.processes.without", "harness.study.work",
           "harness.study.rounds", "harness.study.preloaded", "sentence_transformers"]


def start_server() -> ForkServerContext:
    """Start the server unless it runs; it imports while the caller goes on.

    One whose threads would wait in a way that no longer suits the machine makes room for another,
    unless a process of ours runs: only the server hears how that ends.
    """
    if settle_waiting() and _began_here() and not multiprocessing.active_children():
        forkserver._forkserver._stop()  # type: ignore[attr-defined]
    keep_few_kernels()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(MODULES)
    with _ctrl_c_ignored():
        forkserver.ensure_running()
    return context


def _began_here() -> bool:
    """Whether this process started the server: a fork of whoever did cannot wait for its end."""
    server = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
    return server is not None and any(
        child.pid == server for child in psutil.Process().children())


@contextmanager
def _ctrl_c_ignored() -> Iterator[None]:
    """A process started in the block ignores Ctrl-C from its first moment, imports included."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
