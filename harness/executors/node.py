"""On a machine of a cluster: a piece of work is carried out and its runs are handed over.

Light to import: the server that runs are forked from starts first, as on one machine.
"""

from __future__ import annotations

import os
import pickle
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.common.errors import HarnessError
from harness.common.kernels import SWITCH
from harness.common.leftovers import prefix, sweep
from harness.processes.server import start_server

if TYPE_CHECKING:
    from harness.backbones.handle import Handle
    from harness.common.device import Device
    from harness.common.provenance import Provenance
    from harness.executors.results import Manifest, Results
    from harness.processes.own import Returned
    from harness.study.queued import Queued

BETWEEN = 1.0
"""Seconds between two reports of progress: each costs the run some time."""
Files = tuple[tuple[str, int, int], ...]
"""Relative name, bytes and second of the last change of each file of a model."""


@dataclass(frozen=True)
class Surroundings:
    """What every machine of a study has in common."""

    cache: str
    """The shared cache folder."""
    cores: int
    """Cores that a piece of work has to itself."""


@dataclass(frozen=True)
class Payload:
    """A piece of work with all that it needs on another machine."""

    queued: Queued
    made: Provenance
    """By what it is to be carried out."""
    models: Mapping[Path, Files]
    inputs: Mapping[str, Manifest]
    results: Results


@dataclass(frozen=True)
class Delivery:
    """What came of a payload: an outcome with the runs written, or why there is none."""

    outcome: Returned | None = None
    written: Mapping[str, Manifest] | None = None
    damaged: str | None = None
    """What of the inputs did not arrive whole."""
    refused: HarnessError | None = None
    """Why this machine cannot carry it out."""


@dataclass(frozen=True)
class Machine:
    """What runs compute with on a machine of the cluster."""

    device: Device
    room: float
    """Bytes that a run may take."""


def look(surroundings: Surroundings) -> Machine:
    """The machine that this process is on. Raises HarnessError."""
    return _looked(surroundings)


@cache
def _looked(surroundings: Surroundings) -> Machine:
    context = _prepare(surroundings)
    from harness.processes.own import in_own_process

    # A process of its own: one that looks at a GPU takes some of its memory.
    outcome = in_own_process(context, _machine, _threads(surroundings), lambda text: None)
    if outcome.failure is not None:
        raise HarnessError(f"cannot be used: {outcome.failure}",
                           "See that the harness works there: `harness doctor`.")
    found: Machine = outcome.result
    return found


def carry(surroundings: Surroundings, payload: bytes, title: str, mailbox: Any) -> Delivery:
    """Carry a piece of work out, in a folder of its own, and put the runs into the results."""
    import ray

    _prepare(surroundings)
    from harness.executors.results import DamagedError

    context = ray.get_runtime_context()
    where = name_of(ray.util.get_node_ip_address(), context.get_node_id())
    say = _now_and_then(lambda text: mailbox.put.remote(title, where, text))
    try:
        return _carry(pickle.loads(payload), _looked(surroundings).device, say)  # noqa: S301 (from our own driver)
    except DamagedError as error:
        return Delivery(damaged=str(error))
    except HarnessError as error:
        return Delivery(refused=HarnessError(f"{where} {error.found}", error.fix))


def name_of(address: str, node_id: str) -> str:
    """What a machine is called: several may have one address, as in tests."""
    return f"{address} ({node_id[:6]})"


def files_of(model: Handle) -> Files:
    """Tells the files of a model from others without reading them."""
    return tuple((path.relative_to(model.path).as_posix(), path.stat().st_size,
                  int(path.stat().st_mtime))
                 for path in sorted(model.path.rglob("*")) if path.is_file())


def _prepare(surroundings: Surroundings) -> Any:
    os.environ["HARNESS_CACHE"] = surroundings.cache
    os.environ["OMP_NUM_THREADS"] = str(_threads(surroundings))
    os.environ["PYTHONSAFEPATH"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # Else a run's process would import Ray's own program, and count it in its memory.
    sys.modules["__main__"].__file__ = None
    return start_server()


def _threads(surroundings: Surroundings) -> int:
    """As many as torch takes by itself: two on one core are slower than one."""
    import psutil

    return min(surroundings.cores, psutil.cpu_count(logical=False) or surroundings.cores)


def _machine(threads: int, say: Callable[[str], None]) -> Machine:
    import dataclasses

    from harness.common.device import detect
    from harness.common.memory import available

    device = dataclasses.replace(detect(), threads=threads)
    return Machine(device, available(device))


def _carry(payload: Payload, device: Device, say: Callable[[str], None]) -> Delivery:
    say("begins")
    _check(payload, device)
    sweep(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=prefix()) as folder:
        for run_id, manifest in payload.inputs.items():
            payload.results.get(manifest, Path(folder) / run_id)
        outcome = payload.queued.moved(Path(folder), device).carry_out(say)
        written = {run_id: payload.results.put(Path(folder) / run_id)
                   for run_id in payload.queued.writes if (Path(folder) / run_id).exists()}
    for run_id, manifest in written.items():
        payload.results.announce(run_id, manifest)
    return Delivery(outcome, written)


def _check(payload: Payload, device: Device) -> None:
    """Raise HarnessError where figures from this machine would be other runs' figures."""
    from harness.study.planning.made import made_by_all
    from harness.study.queued import models_of

    wanted, here = payload.queued.assignments[0].device, made_by_all()
    other = [f"{name} {here.libraries.get(name)} and not {version}"
             for name, version in payload.made.libraries.items()
             if here.libraries.get(name) != version]
    if payload.made.code_sha256 != here.code_sha256:
        other.append("another version of the harness")
    if (device.type, device.autocast) != (wanted.type, wanted.autocast):
        other.append(f"{device.type} with autocast {device.autocast}, and not {wanted.type} with "
                     f"{wanted.autocast}")
    if device.kernels != wanted.kernels:
        other.append(f"another {SWITCH}")
    if other:
        raise HarnessError(f"has {'; '.join(other)}",
                           "Give all machines of the cluster the same installation and device.")
    for model in models_of(payload.queued):
        if not model.path.is_dir() or files_of(model) != payload.models[model.path]:
            raise HarnessError(
                f"does not have the files of {model.name} under {model.path} that this machine has",
                "Set HARNESS_CACHE to a folder that all machines share, and keep models there.")


def _now_and_then(tell: Callable[[str], None]) -> Callable[[str], None]:
    last = [0.0]

    def say(text: str) -> None:
        if time.monotonic() - last[0] >= BETWEEN:
            last[0] = time.monotonic()
            tell(text)

    return say
