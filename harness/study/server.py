"""The process that runs are forked from: it has the libraries imported and nothing else."""

from __future__ import annotations

import multiprocessing
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext

MODULES = ["harness.study.work", "harness.study.rounds"]


def start_server() -> ForkServerContext:
    """Start the server unless it runs; it imports while the caller goes on."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(MODULES)
    forkserver.ensure_running()
    return context
