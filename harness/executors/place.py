"""Where a study is carried out: on a device or several of this machine, or on a cluster's."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness.common.cache import cache_folder
from harness.common.device import Device, detect
from harness.common.memory import available
from harness.executors import node
from harness.executors.cluster import Cluster
from harness.executors.connection import connected, refusal
from harness.executors.launch import carry_out, devices_of
from harness.executors.results import Results
from harness.study.queue import Executor, in_turn, one_by_one
from harness.study.store import Store


@dataclass(frozen=True)
class Place:
    """What a study must know of where it is carried out."""

    execute: Executor
    device: Callable[[], Device]
    room: Callable[[Device], float]
    """Bytes that a run may take there."""
    collect: Callable[[Store, Iterable[str]], None]
    """Take over runs by id that are known there and not in the store."""


HERE = Place(one_by_one, detect, available, lambda store, run_ids: None)


def on_devices(config: Path) -> Place:
    """Several devices of this machine that learn together, as accelerate's configuration says.

    Raises HarnessError for a configuration that cannot be used.
    """
    device = devices_of(config, detect())
    return dataclasses.replace(HERE, device=lambda: device,
                               execute=partial(in_turn, partial(carry_out, config.absolute())))


@contextmanager
def on_cluster(address: str | None, results: str | None) -> Iterator[Place]:
    """A running Ray cluster, with runs kept in a folder or fsspec URL that all machines reach, else
    in the cache. Raises HarnessError."""
    kept = results or str(cache_folder() / "results")
    kept_in = Results(kept if "://" in kept else str(Path(kept).absolute()))
    kept_in.check()
    with connected(address) as connection:
        ray = connection.ray
        try:
            machine = ray.get(connection.begin(node.look))
        except ray.exceptions.RayError as error:
            raise refusal("a machine of the cluster", error) from None
        cluster = Cluster(connection, kept_in)
        yield Place(cluster, lambda: machine.device, lambda device: machine.room, cluster.collect)
