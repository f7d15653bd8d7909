"""A connection to a Ray cluster: how it is reached, and what a piece of work takes of it.

Ray is imported when a cluster is asked for, and never else.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from harness.common.cache import cache_folder
from harness.common.errors import HarnessError
from harness.common.leftovers import prefix
from harness.executors import node
from harness.executors.mailbox import Mailbox
from harness.executors.node import Surroundings

RETRIES = 3
"""How often a piece of work is begun again after its machine was lost, or its result damaged."""
CONNECT = 10.0
"""Seconds until an address counts as dead."""
Resources = dict[str, float]
"""CPU, GPU and whatever else a machine of the cluster has to give."""


@dataclass(frozen=True)
class Need:
    """What a piece of work takes of a machine: one GPU, or all cores."""

    cores: int
    gpus: int

    def places(self, nodes: dict[str, Resources]) -> int:
        """How many pieces of work these machines take at a time."""
        return sum(int(min(r.get("CPU", 0) // self.cores,
                           r.get("GPU", 0) // self.gpus if self.gpus else 1))
                   for r in nodes.values())


@dataclass(frozen=True)
class Connection:
    """A cluster that this process is connected to."""

    ray: Any
    need: Need
    mailbox: Any
    """What machines say, until it is read."""

    def alive(self) -> dict[str, Resources]:
        """Resources of the machines that are there, by name."""
        return _alive(self.ray)

    def begin(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Have a machine call a function of `node`. Returns Ray's reference to what it returns."""
        task = self.ray.remote(num_cpus=self.need.cores, num_gpus=self.need.gpus,
                               max_retries=RETRIES)(function)
        return task.remote(Surroundings(str(cache_folder()), self.need.cores), *arguments)


@contextmanager
def connected(address: str | None) -> Iterator[Connection]:
    """A running cluster, this machine's where no address is given. Raises HarnessError."""
    ray = _ray()
    if address is not None:
        _reach(address)
    _connect(ray, address)
    try:
        # Beside this process: a machine that is lost takes no other's words with it.
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=True)
        mailbox = ray.remote(num_cpus=0, max_restarts=-1, scheduling_strategy=here)(Mailbox)
        yield Connection(ray, _need(_alive(ray)), mailbox.remote())
    finally:
        ray.shutdown()


def _ray() -> Any:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
        import ray.util.scheduling_strategies
    except ImportError:
        raise HarnessError("--executor ray needs the library ray, which is not installed",
                           "pip install '.[ray]'") from None
    return ray


def _connect(ray: Any, address: str | None) -> None:
    main = threading.current_thread() is threading.main_thread()
    polite = signal.getsignal(signal.SIGTERM)
    try:
        # Ray has its workers import from the current folder: let that be an empty one.
        with tempfile.TemporaryDirectory(prefix=prefix()) as empty, contextlib.chdir(empty):
            ray.init(address=address or "auto", namespace="harness", log_to_driver=False,
                     logging_level=logging.CRITICAL)
    except ConnectionError:
        raise HarnessError(
            f"no Ray cluster answers at {address or 'this machine'}",
            "Start one with `ray start --head`, and name it: --address HOST:6379.") from None
    except RuntimeError as error:  # another version of Ray or Python, said at length
        raise HarnessError(f"the Ray cluster cannot be used: {str(error)[:300]}",
                           "Give all machines the same versions of Python and Ray.") from None
    finally:
        # Ray prints the log of every machine that is lost; the watcher is told of it in a line.
        ray._private.worker._worker_logs_enabled = False
        if main:  # Ray puts its own in its place
            signal.signal(signal.SIGTERM, polite)


def _reach(address: str) -> None:
    """Ray itself tries an address for long and says little."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT).close()
    except (OSError, ValueError, OverflowError) as error:
        raise HarnessError(
            f"no Ray cluster answers at {address}: {error}",
            "Give the address that `ray start --head` showed: --address HOST:6379.") from None


def _alive(ray: Any) -> dict[str, Resources]:
    """Resources of the machines that are there, by name."""
    return {node.name_of(n["NodeManagerAddress"], n["NodeID"]): n["Resources"]
            for n in ray.nodes() if n["Alive"]}


def _need(nodes: dict[str, Resources]) -> Need:
    """A GPU with its share of the cores where there are GPUs, else the largest machine's cores, so
    that none is shared."""
    with_gpu = [r for r in nodes.values() if r.get("GPU", 0) >= 1]
    if with_gpu:
        return Need(max(1, min(int(r.get("CPU", 0) // r["GPU"]) for r in with_gpu)), 1)
    cores = max((int(r.get("CPU", 0)) for r in nodes.values()), default=0)
    if not cores:
        raise HarnessError("the Ray cluster has no machine with cores to give",
                           "Start one with `ray start --address HOST:6379`.")
    return Need(cores, 0)


def refusal(title: str, error: Exception) -> HarnessError:
    """What a machine raised, in the harness's words."""
    cause = getattr(error, "cause", None) or error
    if isinstance(cause, HarnessError):
        return HarnessError(f"{title} {cause.found}", cause.fix)
    words = " ".join(str(cause).split())
    return HarnessError(f"{title}: {type(cause).__name__}: {words[-300:]}",
                        "See that every machine of the cluster has this harness installed.")
